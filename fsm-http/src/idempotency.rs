//! The `Idempotency-Key` of a call: the same for every attempt, another for every visit.
//!
//! A server that knows such a key carries a request out once, however often it arrives. That only
//! helps if a retry, and a program that was restarted in between, send the very same key. So the
//! key is not drawn at random but computed from what does not change: the run's id, the state's
//! name, and the number of the state's visit.
//!
//! The three are absorbed, each after its length, in words of eight bytes into two lanes of 64 bits
//! that start from different constants; each step xors the word in and applies the finaliser of
//! SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), a
//! bijection that spreads every bit. The result has the shape of a UUID of version 8 (RFC 9562,
//! section 5.8), which servers accept wherever they accept UUIDs.
//!
//! The key is unlikely to collide by accident. It is **no secret**: who knows the three inputs can
//! compute it, and it is no defence against somebody who chooses the inputs.

use http::HeaderValue;

/// The key for one visit of one state in one run.
///
/// # Examples
///
/// ```
/// let first = fsm_http::idempotency_key("run-1", "charge", 1);
/// assert_eq!(first, fsm_http::idempotency_key("run-1", "charge", 1));
/// assert_ne!(first, fsm_http::idempotency_key("run-1", "charge", 2));
/// ```
pub fn idempotency_key(run: &str, state: &str, visit: u64) -> HeaderValue {
    let mut lanes = Lanes { left: 0x243F_6A88_85A3_08D3, right: 0x1319_8A2E_0370_7344 };
    lanes.absorb_text(run);
    lanes.absorb_text(state);
    lanes.absorb(visit);

    let [left, right] = lanes.finish();
    // The digits of version and variant are fixed by RFC 9562.
    let key = format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        left >> 32,
        (left >> 16) & 0xFFFF,
        left & 0xFFF,
        0x8000 | ((right >> 48) & 0x3FFF),
        right & 0xFFFF_FFFF_FFFF,
    );
    HeaderValue::try_from(key).expect("hexadecimal digits and hyphens are a header value")
}

/// The two halves of the hash. The starting constants are digits of pi: nothing up the sleeve.
struct Lanes {
    left: u64,
    right: u64,
}

impl Lanes {
    /// Absorbs a text after its length, so that ("ab", "c") and ("a", "bc") differ.
    fn absorb_text(&mut self, text: &str) {
        self.absorb(text.len() as u64);
        for chunk in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.absorb(u64::from_le_bytes(word));
        }
    }

    fn absorb(&mut self, word: u64) {
        self.left = mix(self.left ^ word);
        self.right = mix(self.right.wrapping_add(word));
    }

    /// Lets each half depend on the other once more.
    fn finish(self) -> [u64; 2] {
        [mix(self.left ^ self.right.rotate_left(32)), mix(self.right ^ self.left)]
    }
}

/// One step of SplitMix64: the increment and the finaliser.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_key_of_a_journaled_run_never_changes_between_versions() {
        insta::assert_snapshot!(
            idempotency_key("run-1", "charge", 1).to_str().expect("printable"),
            @"31c6f637-d3f5-83b1-9631-c835baa5de44"
        );
    }

    #[test]
    fn the_key_has_the_shape_of_a_uuid_of_version_8() {
        let key = idempotency_key("", "", 0);
        let key = key.to_str().expect("printable");
        let lengths: Vec<_> = key.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&key[14..15], "8", "{key}");
        assert!(matches!(&key[19..20], "8" | "9" | "a" | "b"), "{key}");
    }

    #[test]
    fn other_runs_states_and_visits_have_other_keys() {
        let mut seen = HashSet::new();
        for run in 0..20 {
            for state in ["a", "b", "aa", "ab", "a\0", "", "charge card", "12345678", "123456789"] {
                for visit in 0..20 {
                    let key = idempotency_key(&format!("run-{run}"), state, visit);
                    assert!(seen.insert(key.as_bytes().to_vec()), "run-{run} {state} {visit}");
                }
            }
        }
        assert_ne!(idempotency_key("ab", "c", 1), idempotency_key("a", "bc", 1));
    }
}
