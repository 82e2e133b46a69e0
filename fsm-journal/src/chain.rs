//! Checks: CRC-32 over what a row says, and over the check before it.
//!
//! The records of a run form a chain: the check of each covers its own content and the check of the
//! one before, so that a record can't be changed, left out, or put elsewhere without notice. The first
//! one follows a check of the run's id.

use crc32fast::Hasher;

/// A check in the making: fields are told apart by their lengths.
pub(crate) struct Seal(Hasher);

impl Seal {
    /// That follows another.
    pub(crate) fn after(previous: u32) -> Self {
        Self(Hasher::new()).number(u64::from(previous))
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// `None` and the empty text differ.
    pub(crate) fn maybe(self, text: Option<&str>) -> Self {
        match text {
            None => self.number(u64::MAX),
            Some(text) => self.text(text),
        }
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    pub(crate) fn done(self) -> u32 {
        self.0.finalize()
    }
}

/// Where the chain of a run begins.
pub(crate) fn start(run: &str) -> u32 {
    Seal::after(0).text(run).done()
}

/// The check of a record that follows one with the check `previous`.
pub(crate) fn link(previous: u32, number: u64, at: u64, trail: u32, input: &str) -> u32 {
    let seal = Seal::after(previous).number(number).number(at).number(u64::from(trail));
    seal.text(input).done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_sees_its_content_and_its_place() {
        let first = link(start("a"), 1, 10, 7, "Start");
        for other in [
            link(start("b"), 1, 10, 7, "Start"),
            link(start("a"), 2, 10, 7, "Start"),
            link(start("a"), 1, 11, 7, "Start"),
            link(start("a"), 1, 10, 8, "Start"),
            link(start("a"), 1, 10, 7, "start"),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let split = |left: &str, right: &str| Seal::after(0).text(left).text(right).done();
        assert_ne!(split("ab", "c"), split("a", "bc"));
        assert_ne!(Seal::after(0).maybe(None).done(), Seal::after(0).maybe(Some("")).done());
    }
}
