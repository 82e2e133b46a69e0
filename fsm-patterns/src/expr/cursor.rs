//! A place in a text that is read by recursive descent.

/// What conditions and computations are read with.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    /// In bytes.
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    /// Begins at the first character that is no white space.
    pub(super) fn new(text: &'t str) -> Self {
        let mut cursor = Self { text, at: 0 };
        cursor.skip_space();
        cursor
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes `symbol` and the space behind it, if it stands here.
    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let stands_here = self.rest().starts_with(symbol);
        if stands_here {
            self.at += symbol.len();
            self.skip_space();
        }
        stands_here
    }

    /// Takes the first of the symbols that stands here, and says what it means.
    pub(super) fn take_one<T: Copy>(&mut self, symbols: &[(&str, T)]) -> Option<T> {
        symbols.iter().find(|(symbol, _)| self.take(symbol)).map(|(_, meaning)| *meaning)
    }
}
