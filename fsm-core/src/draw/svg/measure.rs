//! How wide text is: by a table of the widths of Helvetica's characters, which Arial and
//! Liberation Sans share. No font is read, so that the same text measures the same everywhere.

use super::shape::Size;

/// Lines of text at a font size, and the whole text where they leave something out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    pub(super) lines: Vec<String>,
    pub(super) whole: Option<String>,
    pub(super) font: f64,
    pub(super) size: Size,
}

impl Text {
    pub(super) fn new(lines: &str, whole: Option<&str>, font: f64) -> Self {
        let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
        let width = lines.iter().map(|line| width(line, font)).fold(0.0, f64::max);
        let size = Size { width, height: lines.len() as f64 * Self::leading(font) };
        Self { lines, whole: whole.map(str::to_owned), font, size }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// From one line to the next.
    pub(super) fn leading(font: f64) -> f64 {
        font * 1.25
    }
}

fn width(line: &str, font: f64) -> f64 {
    let units: u32 = line.chars().map(|character| u32::from(units(character))).sum();
    f64::from(units) * font / 1_000.0
}

/// The width of a character in thousandths of the font size.
fn units(character: char) -> u16 {
    match character {
        ' '..='~' => ASCII[character as usize - 0x20],
        // Marks that are laid over the character before them, and joiners.
        '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '…' => 1_000,
        // Latin, Greek, Cyrillic, Hebrew, and Arabic are about as wide as a digit, capitals wider.
        '\u{a0}'..='\u{10ff}' if character.is_uppercase() => 722,
        '\u{a0}'..='\u{10ff}' => 600,
        // Most of what is left is set on a square: ideographs, syllables, symbols, and emoji.
        _ => 1_000,
    }
}

/// From the space to the tilde; the font's own metrics.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278,
    278, //  !"#$%&'()*+,-./
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584,
    556, // 0-9:;<=>?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @A-O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, // P-Z[\]^_
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // `a-o
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p-z{|}~
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_wide_as_its_characters_and_as_high_as_its_lines() {
        let text = Text::new("ill\nWWW", None, 10.0);
        assert_eq!(text.size, Size { width: 3.0 * 9.44, height: 25.0 });
        assert!(width("iii", 10.0) < width("mmm", 10.0));
        assert_eq!(width("e\u{301}", 10.0), width("e", 10.0));
        assert_eq!(width("漢字", 10.0), 20.0);
    }
}
