//! Colours where they are wanted, and text of the file made safe for a terminal.

use console::Style;

/// How words stand out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    has_colours: bool,
}

impl Paint {
    /// With colours, or without any.
    pub(crate) fn new(has_colours: bool) -> Self {
        Self { has_colours }
    }

    pub(super) fn state(self, text: &str) -> String {
        self.apply(Style::new().green().bold(), text)
    }

    pub(super) fn number(self, text: &str) -> String {
        self.apply(Style::new().cyan().bold(), text)
    }

    pub(super) fn refused(self, text: &str) -> String {
        self.apply(Style::new().red(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.apply(Style::new().dim(), text)
    }

    fn apply(self, style: Style, text: &str) -> String {
        style.force_styling(self.has_colours).apply_to(text).to_string()
    }
}

/// A text of the file, so that it stays one line, and nothing in it steers the terminal or turns
/// the text around it.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        match character.is_control() || turns {
            true => plain.extend(character.escape_default()),
            false => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_in_a_name_steers_the_terminal() {
        assert_eq!(plain("größe\u{1b}[31m\n\u{202e}x"), "größe\\u{1b}[31m\\n\\u{202e}x");
    }
}
