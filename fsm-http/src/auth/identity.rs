//! A number for who we are, by which answers for one user are kept apart from those for another.

use sha2::{Digest, Sha256};

/// Gathers what makes up an identity. Each part is told apart from the next by its length, so that
/// `ab`, `c` is not taken for `a`, `bc`.
pub(crate) struct Identity(Sha256);

impl Identity {
    pub(crate) fn of(scheme: &str) -> Self {
        Self(Sha256::new()).with(scheme)
    }

    pub(crate) fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    pub(crate) fn with_all<P: AsRef<[u8]>>(self, parts: impl IntoIterator<Item = P>) -> Self {
        parts.into_iter().fold(self, Self::with)
    }

    pub(crate) fn done(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
