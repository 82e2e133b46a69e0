//! The part of a body that has arrived, under a limit.
//!
//! Most answers arrive in one chunk, and then that chunk is the body: nothing is copied. The limit
//! counts decompressed bytes, so that 300 KB of gzip cannot fill the memory with 300 MB.

use bytes::Bytes;

/// The chunks of a body so far.
#[derive(Debug, Default)]
pub(crate) enum Received {
    #[default]
    Nothing,
    One(Bytes),
    Many(Vec<u8>),
}

/// A chunk did not fit under the limit; what did fit has been kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

impl Received {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::One(bytes) => bytes.len() as u64,
            Self::Many(bytes) => bytes.len() as u64,
        }
    }

    /// Adds a chunk, or as much of it as `limit` bytes in all allow.
    pub(crate) fn push(&mut self, mut chunk: Bytes, limit: u64) -> Result<(), Overflow> {
        let room = limit.saturating_sub(self.len());
        let overflow = chunk.len() as u64 > room;
        if overflow {
            // The room is smaller than a length in memory, so it fits.
            chunk.truncate(room as usize);
        }
        if !chunk.is_empty() {
            self.append(chunk);
        }
        if overflow { Err(Overflow) } else { Ok(()) }
    }

    fn append(&mut self, chunk: Bytes) {
        match self {
            Self::Nothing => *self = Self::One(chunk),
            Self::One(first) => {
                let mut bytes = Vec::with_capacity((first.len() + chunk.len()) * 2);
                bytes.extend_from_slice(first);
                bytes.extend_from_slice(&chunk);
                *self = Self::Many(bytes);
            }
            Self::Many(bytes) => bytes.extend_from_slice(&chunk),
        }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_chunk_is_the_body_itself() {
        let chunk = Bytes::from(vec![1, 2, 3]);
        let mut received = Received::default();
        received.push(Bytes::new(), 10).expect("nothing always fits");
        received.push(chunk.clone(), 3).expect("exactly at the limit");
        assert_eq!(received.into_bytes().as_ptr(), chunk.as_ptr(), "not copied");
    }

    #[test]
    fn chunks_beyond_the_limit_are_cut_and_reported() {
        let mut received = Received::default();
        received.push(Bytes::from_static(b"abc"), 5).expect("fits");
        assert_eq!(received.push(Bytes::from_static(b"def"), 5), Err(Overflow));
        assert_eq!(received.push(Bytes::from_static(b"g"), 5), Err(Overflow));
        assert_eq!(received.into_bytes(), "abcde");
    }
}
