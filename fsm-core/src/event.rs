//! What a machine's events look like to the kernel: a variant of an enum, or a name.

use std::hash::{Hash, Hasher};

/// How an event tells which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKey<'a> {
    /// A variant of an enum, by its discriminant.
    Variant(u64),
    /// A name, as in graphs loaded from files.
    Name(&'a str),
}

/// The events of a machine.
///
/// For an enum one line is enough: the default tells its variants apart, whatever they carry.
///
/// ```
/// #[derive(Debug)]
/// enum Coin {
///     Inserted(u32),
///     Returned,
/// }
/// impl fsm_core::Event for Coin {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event type yet",
    label = "a machine's events have to be of an event type",
    note = "for an enum one line is enough: `impl fsm_core::Event for {Self} {{}}`"
)]
pub trait Event: Sized {
    /// Which event this is.
    #[inline(always)]
    fn key(&self) -> EventKey<'_> {
        EventKey::Variant(variant(self))
    }
}

/// The event type of machines that take no events from outside.
impl Event for () {}

/// The discriminant of an enum as a number. `Discriminant` hashes as that number, and a hasher
/// that keeps what it is given returns it without any cost at run time.
#[inline(always)]
pub(crate) fn variant<E>(event: &E) -> u64 {
    struct Keep(u64);

    impl Hasher for Keep {
        #[inline(always)]
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = self.0.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte);
            }
        }

        #[inline(always)]
        fn write_isize(&mut self, number: isize) {
            self.0 = number as u64;
        }

        #[inline(always)]
        fn write_u64(&mut self, number: u64) {
            self.0 = number;
        }

        #[inline(always)]
        fn finish(&self) -> u64 {
            self.0
        }
    }

    let mut keep = Keep(0);
    std::mem::discriminant(event).hash(&mut keep);
    keep.finish()
}

#[cfg(test)]
mod tests {
    use super::variant;

    #[test]
    fn variants_are_numbered_in_declared_order_whatever_they_carry() {
        enum Shape {
            Point,
            Line(#[allow(dead_code)] u64),
            Text { _words: String },
        }
        assert_eq!(variant(&Shape::Point), 0);
        assert_eq!(variant(&Shape::Line(7)), variant(&Shape::Line(8)));
        assert_eq!(variant(&Shape::Text { _words: String::new() }), 2);
    }
}
