//! Secrets of a test, and a search that finds them in any form and in part.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// So many characters of a secret in a row are a find.
const PART: usize = 12;

/// A secret of this test alone. Its three words survive any percent-encoding and any escape, and
/// the signs between them are those that encodings touch.
pub(crate) fn secret() -> String {
    let word = || {
        let number = RandomState::new().build_hasher().finish();
        format!("{number:016x}")[16 - PART..].to_owned()
    };
    format!("{}/{}+{}~", word(), word(), word())
}

/// What is looked for: parts of secrets, by what they are a part of.
#[derive(Default)]
pub(crate) struct Needles(HashMap<[u8; PART], String>);

impl Needles {
    /// Makes up a secret, to be known as `name`.
    pub(crate) fn plant(&mut self, name: &str) -> String {
        let text = secret();
        self.add(name, &text);
        text
    }

    /// Looks for a secret that is known already.
    pub(crate) fn add(&mut self, name: &str, text: &str) {
        let words = text.split(|sign: char| !sign.is_ascii_alphanumeric());
        for word in words.filter(|word| word.len() >= PART) {
            self.add_parts(word.as_bytes(), &format!("{name}, as it is"));
        }
        // Some encode a secret for a form before they put it into base64.
        let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for text in [text, &form] {
            // What stands before a secret decides on the form it has in base64.
            for before in 0..3 {
                let bytes = [&vec![b'x'; before], text.as_bytes()].concat();
                for alphabet in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
                    let form = alphabet.encode(&bytes);
                    // The signs at both ends may belong to the neighbours.
                    let own = &form.as_bytes()[4.min(4 * before)..form.len() - 2];
                    self.add_parts(own, &format!("{name}, in base64"));
                }
            }
        }
    }

    fn add_parts(&mut self, form: &[u8], name: &str) {
        for part in form.windows(PART) {
            let part = part.try_into().expect("a window of that size");
            self.0.entry(part).or_insert_with(|| name.to_owned());
        }
    }

    /// Everything that is found, with what stands around it.
    pub(crate) fn find(&self, text: &str) -> Vec<String> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        let mut next = 0;
        for (at, part) in bytes.windows(PART).enumerate() {
            let part: &[u8; PART] = part.try_into().expect("a window of that size");
            if at < next || !self.0.contains_key(part) {
                continue;
            }
            let around = &bytes[at.saturating_sub(160)..(at + 60).min(bytes.len())];
            found.push(format!("{}: …{}…", self.0[part], String::from_utf8_lossy(around)));
            next = at + 200;
        }
        found
    }

    /// The names of all that is found.
    pub(crate) fn names_in(&self, text: &str) -> std::collections::BTreeSet<&str> {
        let parts = text.as_bytes().windows(PART);
        parts
            .filter_map(|part| self.0.get(<&[u8; PART]>::try_from(part).ok()?))
            .map(String::as_str)
            .collect()
    }
}

#[test]
fn a_secret_is_found_in_every_form_and_in_part() {
    let mut needles = Needles::default();
    let text = needles.plant("it");
    let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
    let forms = [
        text.clone(),
        encoded.to_string(),
        text[..PART].to_owned(),
        BASE64_STANDARD_NO_PAD.encode(&text),
        BASE64_STANDARD_NO_PAD.encode(format!("me:{text}")),
        BASE64_URL_SAFE_NO_PAD.encode(format!("a:{text}")),
        BASE64_URL_SAFE_NO_PAD.encode(format!("{text}:more")),
    ];
    for form in forms {
        assert_eq!(needles.find(&format!("some {form} text")).len(), 1, "{form}");
    }
    assert!(needles.find(&secret()).is_empty());
}
