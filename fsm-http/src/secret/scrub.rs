//! Taking secrets out of a text.
//!
//! A secret is found as it is, in the [spellings](super::encoded) of percent-encoding, JSON, and
//! HTML, and in base64, standard or url-safe. Base64 is found wherever the secret lies within what
//! was encoded, as a password does within the `user:password` of basic authorization: depending on
//! what stands before it, three by three bytes, a secret has one of three forms in base64, and each
//! is looked for. The first and the last sign of such a form also carry bits of the neighbours;
//! they are taken out, too.

use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::{
    encoded::{Alphabet, Search, begins_an_encoding, first_bytes},
    value::Secret,
};

/// What stands in a text where a secret stood.
pub(crate) const REDACTED: &str = "[redacted]";

/// What ends a text that was cut.
const CUT: char = '…';

/// A secret with fewer characters is not searched for: it would blot out innocent text.
const SHORTEST_SECRET: usize = 4;

/// How many secrets that were fetched are remembered. A server may echo one that was replaced a
/// while ago, but not one from yesterday.
const REMEMBERED: usize = 16;

/// A line of a secret in several lines, such as a key in PEM, is a secret by itself from here on.
const SHORTEST_LINE: usize = 16;

/// All secrets that the calls of a resource know of: a shared list that grows as tokens come.
///
/// Clones are the same list. Secrets with fewer than four characters are not searched for, since
/// they would blot out innocent text.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<Known>>);

/// The lock is held to add to the lists and to copy them, never while a text is searched. No list
/// holds a secret twice.
#[derive(Default)]
struct Known {
    declared: Vec<Entry>,
    fetched: VecDeque<Entry>,
    merged: Vec<Secrets>,
}

#[derive(Clone)]
struct Entry {
    secret: Secret,
    needles: Arc<[Needle]>,
}

impl Secrets {
    /// The list of these secrets.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let list = Self::default();
        for secret in secrets {
            list.insert(secret);
        }
        list
    }

    /// Adds a secret for as long as the list lives.
    pub fn insert(&self, secret: Secret) {
        let mut known = self.lock();
        if known.declared.iter().all(|entry| entry.secret != secret) {
            known.declared.push(Entry::new(secret));
        }
    }

    /// Adds a secret that will be replaced by others of its kind: the 16 that were told of last are
    /// kept.
    pub(crate) fn remember(&self, secret: Secret) {
        let mut known = self.lock();
        let known_at = known.fetched.iter().position(|entry| entry.secret == secret);
        let entry = match known_at.and_then(|index| known.fetched.remove(index)) {
            Some(entry) => entry,
            None => Entry::new(secret),
        };
        if known.fetched.len() == REMEMBERED {
            known.fetched.pop_front();
        }
        known.fetched.push_back(entry);
    }

    /// Adds what another list holds and whatever it will hold.
    pub fn merge(&self, other: &Self) {
        let mut known = self.lock();
        if !self.is(other) && !known.merged.iter().any(|merged| merged.is(other)) {
            known.merged.push(other.clone());
        }
    }

    /// Replaces every known secret in `text` by `[redacted]`: as it is, percent-encoded, escaped as
    /// in JSON or HTML, and in base64. If the text ends with `…`, it was cut there, and that may have
    /// been within a secret: its beginning is replaced, too.
    ///
    /// # Complexity
    ///
    /// O(length of the text · number of secrets) at worst; O(their sum) where hardly a byte of the text
    /// is one that a secret begins with.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let entries = self.entries();
        let needles: Vec<&Needle> = entries.iter().flat_map(|entry| entry.needles.iter()).collect();
        let found = find(text, &needles);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut scrubbed = String::with_capacity(text.len());
        let mut end = 0;
        for range in found {
            scrubbed.push_str(&text[end..range.start]);
            scrubbed.push_str(REDACTED);
            end = range.end;
        }
        scrubbed.push_str(&text[end..]);
        Cow::Owned(scrubbed)
    }

    /// The entries of this list and of those merged into it, each list once: two lists may have
    /// been merged into each other.
    fn entries(&self) -> Vec<Entry> {
        let mut lists = vec![self.clone()];
        let mut entries = Vec::new();
        let mut next = 0;
        while let Some(list) = lists.get(next).cloned() {
            next += 1;
            let known = list.lock();
            entries.extend(known.declared.iter().chain(&known.fetched).cloned());
            for merged in &known.merged {
                if !lists.iter().any(|list| list.is(merged)) {
                    lists.push(merged.clone());
                }
            }
        }
        entries
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} [redacted])", self.entries().len())
    }
}

impl Entry {
    fn new(secret: Secret) -> Self {
        let text = secret.expose();
        let mut needles = Vec::new();
        Needle::every(text, &mut needles);
        if text.contains('\n') {
            for line in text.lines().map(str::trim) {
                if line.len() >= SHORTEST_LINE && !line.starts_with("-----") {
                    Needle::every(line, &mut needles);
                }
            }
        }
        Self { needles: needles.into(), secret }
    }
}

/// One form of a secret that is looked for.
struct Needle {
    text: SecretString,
    first: char,
    alphabet: Alphabet,
    /// The sign before belongs to the secret in part. Only in base64.
    shares_before: bool,
    /// The sign after belongs to the secret in part. Only in base64.
    shares_after: bool,
}

impl Needle {
    /// Adds all forms of a secret that are not found by their spelling.
    fn every(secret: &str, needles: &mut Vec<Self>) {
        let Some(first) = secret.chars().next() else { return };
        if secret.chars().count() < SHORTEST_SECRET {
            return;
        }
        needles.push(Self {
            text: secret.into(),
            first,
            alphabet: Alphabet::Plain,
            shares_before: false,
            shares_after: false,
        });
        // Some put a secret into base64 only after it was percent-encoded (RFC 6749, section 2.3.1).
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let mut done: Vec<&str> = Vec::new();
        for variant in [secret, &form, &percent] {
            if !done.contains(&variant) {
                needles.extend((0..3).map(|offset| Self::base64(variant.as_bytes(), offset)));
                done.push(variant);
            }
        }
    }

    /// What base64 makes of a secret with `offset` bytes, modulo three, before it.
    fn base64(secret: &[u8], offset: usize) -> Self {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(secret);
        let encoded = BASE64_STANDARD_NO_PAD.encode(&bytes);
        let (before, bits) = (8 * offset, 8 * bytes.len());
        // Of the secret alone are the signs from the first to the last whole six bits of it. There
        // are four at least, since no secret has fewer than four bytes.
        let core = &encoded[before.div_ceil(6)..bits / 6];
        Self {
            text: core.into(),
            first: char::from(core.as_bytes()[0]),
            alphabet: Alphabet::Base64,
            shares_before: before % 6 != 0,
            shares_after: bits % 6 != 0,
        }
    }

    /// Where the needle lies if it begins at `start`, with the signs that it shares.
    fn found_at(&self, search: &mut Search<'_>, start: usize) -> Option<Range<usize>> {
        let mut end = search.end_of_match(start, self.text.expose_secret(), self.alphabet)?;
        let text = search.text();
        let mut start = start;
        if self.shares_before && start > 0 && is_sign(text[start - 1]) {
            start -= 1;
        }
        if self.shares_after {
            if text.get(end).is_some_and(|&byte| is_sign(byte)) {
                end += 1;
            }
            end = end_of_padding(text, end);
        }
        Some(start..end)
    }
}

/// Is it a sign of one of the alphabets of base64?
fn is_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn end_of_padding(text: &[u8], mut end: usize) -> usize {
    for _ in 0..2 {
        let rest = &text[end..];
        if rest.starts_with(b"=") {
            end += 1;
        } else if rest.len() >= 3 && rest[..3].eq_ignore_ascii_case(b"%3d") {
            end += 3;
        }
    }
    end
}

/// Where needles lie in a text, in order and apart from each other.
fn find(text: &str, needles: &[&Needle]) -> Vec<Range<usize>> {
    if needles.is_empty() {
        return Vec::new();
    }
    // Most needles are ruled out by the byte that they would have to begin with.
    let mut by_first: Vec<Vec<&Needle>> = vec![Vec::new(); 256];
    for needle in needles {
        for byte in first_bytes(needle.first, needle.alphabet) {
            by_first[usize::from(byte)].push(needle);
        }
    }
    let mut search = Search::new(text, text.strip_suffix(CUT).map(str::len));
    let mut found: Vec<Range<usize>> = Vec::new();
    for (start, byte) in text.bytes().enumerate() {
        let candidates =
            if begins_an_encoding(byte) { needles } else { &by_first[usize::from(byte)] };
        found.extend(candidates.iter().filter_map(|needle| needle.found_at(&mut search, start)));
    }
    found.sort_unstable_by_key(|range| range.start);
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            Some(_) | None => apart.push(range),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    fn scrub(secret: &str, text: &str) -> String {
        Secrets::new([Secret::new(secret)]).scrub(text).into_owned()
    }

    #[test]
    fn a_secret_is_taken_out_in_every_form() {
        let secret = "pä ss?>~/\"1";
        let user = format!("ann:{secret}");
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let mut forms = vec![
            secret.to_owned(),
            form.clone(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string().to_lowercase(),
            serde_json::to_string(secret).expect("a string").trim_matches('"').to_owned(),
        ];
        for text in [secret, &user, &form, &format!("id:{form}")] {
            forms.push(BASE64_STANDARD.encode(text));
            forms.push(BASE64_STANDARD_NO_PAD.encode(text));
            forms.push(BASE64_URL_SAFE.encode(text));
            forms.push(BASE64_URL_SAFE_NO_PAD.encode(text));
            let standard = BASE64_STANDARD.encode(text);
            forms.push(utf8_percent_encode(&standard, NON_ALPHANUMERIC).to_string());
        }
        for form in forms {
            let shown = scrub(secret, &format!("<{form}>"));
            assert!(shown.contains(REDACTED), "{form} became {shown}");
            // Of a longer text in base64, such as `ann:…`, its own beginning may stay.
            assert!(shown.len() <= "<>".len() + REDACTED.len() + 7, "{form} became {shown}");
        }
    }

    #[test]
    fn innocent_text_stays_and_is_not_copied() {
        let secrets = Secrets::new([Secret::new("hunter2"), Secret::new("abc"), Secret::new("")]);
        let text = "abc: hunter, hunter3, 100%, a\\b & c+d; é";
        assert!(matches!(secrets.scrub(text), Cow::Borrowed(same) if same == text));
        assert_eq!(secrets.scrub(""), "");
    }

    #[test]
    fn a_text_that_was_cut_within_a_secret_shows_no_part_of_it() {
        for shown in ["key hunter…", "key hunt…", "key aHVudGV…", "key %68%75%6E%74%6…"] {
            assert_eq!(scrub("hunter2-hunter3", shown), "key [redacted]…", "{shown}");
        }
        assert_eq!(scrub("hunter2-hunter3", "key hunter"), "key hunter");
    }

    #[test]
    fn secrets_that_overlap_or_contain_each_other_leave_no_rest() {
        let secrets = Secrets::new(["hunter2", "hunter2-long", "long-tail"].map(Secret::from));
        assert_eq!(secrets.scrub("hunter2-long-tail, hunter2."), "[redacted], [redacted].");
    }

    #[test]
    fn each_line_of_a_key_is_secret_and_its_frame_is_not() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAwEHBG0wawIBAQQg\n-----END";
        assert_eq!(scrub(key, "at MIGHAgEAMBMGByqGSM49."), "at [redacted].");
        let escaped = serde_json::to_string(key).expect("a string");
        assert_eq!(scrub(key, &escaped), "\"[redacted]\"");
        assert_eq!(scrub(key, "-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
    }

    #[test]
    fn merged_lists_share_what_comes_later_even_in_a_ring() {
        let (one, two) = (Secrets::default(), Secrets::default());
        one.merge(&two);
        two.merge(&one);
        one.merge(&one);
        two.remember(Secret::new("token-1"));
        one.insert(Secret::new("password"));
        assert_eq!(one.scrub("password token-1"), "[redacted] [redacted]");
        assert_eq!(two.clone().scrub("password token-1"), "[redacted] [redacted]");
        assert_eq!(format!("{one:?}"), "Secrets(2 [redacted])");
    }

    #[test]
    fn old_tokens_are_forgotten_and_declared_secrets_are_not() {
        let secrets = Secrets::new([Secret::new("declared")]);
        for number in 0..100 {
            secrets.remember(Secret::new(format!("token-{number:02}")));
        }
        assert_eq!(secrets.entries().len(), 1 + REMEMBERED);
        assert_eq!(secrets.scrub("token-00 token-99 declared"), "token-00 [redacted] [redacted]");
    }
}
