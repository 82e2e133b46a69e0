//! Writing the fields of a form as `multipart/form-data` (RFC 7578), the way browsers do.
//!
//! The boundary between parts follows from their content: the same parts give the same bytes, so
//! that a server which compares a repeated request with the first one finds no difference. It is
//! then looked for in everything it has to separate, and changed until it is nowhere to be found.

use sha2::{Digest, Sha256};

use super::part::{Field, Part};

/// A line that no content holds.
pub(super) struct Boundary(String);

impl Boundary {
    pub(super) fn between(fields: &[Field<'_>]) -> Self {
        let mut number = 0;
        loop {
            let boundary = candidate(fields, number);
            if !fields.iter().any(|field| holds(field, boundary.as_bytes())) {
                return Self(boundary);
            }
            // Content of finite length holds finitely many of them, so this comes to an end.
            number += 1;
        }
    }

    pub(super) fn media_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.0)
    }
}

/// The whole body.
pub(super) fn write(fields: &[Field<'_>], boundary: &Boundary) -> Vec<u8> {
    let boundary = boundary.0.as_bytes();
    let heads: Vec<_> = fields.iter().map(|field| head(field.part)).collect();
    let content: usize = fields.iter().map(|field| field.content.len()).sum();
    let around: usize = heads.iter().map(|head| head.len() + boundary.len() + 6).sum();
    let mut body = Vec::with_capacity(content + around + boundary.len() + 6);
    for (field, head) in fields.iter().zip(&heads) {
        body.extend_from_slice(b"--");
        body.extend_from_slice(boundary);
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&field.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--");
    body.extend_from_slice(boundary);
    body.extend_from_slice(b"--\r\n");
    body
}

/// The header lines of a part, with the empty line that ends them.
fn head(part: &Part) -> String {
    let name = escape(&part.name);
    match &part.file {
        None => format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n"),
        Some(file) => format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            escape(&file.name),
            file.media_type
        ),
    }
}

/// What the HTML standard replaces in the names of fields and files, and nothing more: UTF-8 stays.
fn escape(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

fn candidate(fields: &[Field<'_>], number: u64) -> String {
    let mut digest = Sha256::new();
    digest.update(number.to_be_bytes());
    for Field { part, content } in fields {
        // Each length goes before its text, so that no two forms are the same to the digest.
        let file = part.file.as_ref();
        let file_name = file.map_or("", |file| &file.name);
        let media_type = file.map_or("", |file| &file.media_type);
        for text in [part.name.as_bytes(), file_name.as_bytes(), media_type.as_bytes()] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        digest.update((content.len() as u64).to_be_bytes());
        digest.update(content);
    }
    let half = &digest.finalize()[..16];
    half.iter().fold("form-".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn holds(field: &Field<'_>, boundary: &[u8]) -> bool {
    let Field { part, content } = field;
    let of_file = part.file.iter().flat_map(|file| [&file.name, &file.media_type]);
    contains(content, boundary)
        || of_file.chain([&part.name]).any(|text| contains(text.as_bytes(), boundary))
}

fn contains(content: &[u8], word: &[u8]) -> bool {
    content.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn form() -> Vec<Part> {
        vec![
            Part::text("user \"a\"\r\nx: y", "Ada\nLovelace"),
            Part::bytes("photo", "a\"b\u{e9}.png", "image/png", &b"\x89PNG"[..]).expect("a type"),
        ]
    }

    fn fields(parts: &[Part]) -> Vec<Field<'_>> {
        parts.iter().filter_map(Part::at_hand).collect()
    }

    #[test]
    fn a_form_is_written_as_rfc_7578_says_with_names_that_cannot_break_out() {
        let parts = form();
        let boundary = Boundary("B".to_owned());
        assert_eq!(
            write(&fields(&parts), &boundary),
            b"--B\r\nContent-Disposition: form-data; name=\"user %22a%22%0D%0Ax: y\"\r\n\r\nAda\nLovelace\r\n\
              --B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a%22b\xc3\xa9.png\"\r\n\
              Content-Type: image/png\r\n\r\n\x89PNG\r\n--B--\r\n"
        );
    }

    #[test]
    fn the_boundary_follows_from_the_content() {
        let (one, again) = (form(), form());
        let (one, again) = (Boundary::between(&fields(&one)), Boundary::between(&fields(&again)));
        assert_eq!(one.0, again.0);
        let other = Boundary::between(&fields(&[Part::text("a", "b")]));
        assert_ne!(one.0, other.0);
        assert!(one.0.len() <= 70, "the longest that RFC 2046 allows");
    }

    #[test]
    fn a_boundary_that_the_content_holds_is_found() {
        let boundary = candidate(&fields(&form()), 0);
        let hidden = format!("x\r\n--{boundary}--\r\n");
        let holds =
            |part: &Part| holds(&fields(std::slice::from_ref(part))[0], boundary.as_bytes());
        assert!(holds(&Part::text("a", hidden)));
        assert!(holds(&Part::text(boundary.clone(), "")));
        assert!(!holds(&Part::text("a", "b")));
    }

    proptest! {
        /// Splitting the body at its boundary gives back exactly what went in.
        #[test]
        fn every_form_can_be_taken_apart_again(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..5),
        ) {
            let parts: Vec<_> = contents
                .iter()
                .map(|content| {
                    Part::bytes("f", "n", "a/b", Bytes::from(content.clone())).expect("a type")
                })
                .collect();
            let boundary = Boundary::between(&fields(&parts));
            let body = write(&fields(&parts), &boundary);
            let last = format!("--{}--\r\n", boundary.0);

            let mut rest = &body[..];
            for content in &contents {
                let start = rest.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
                let line = format!("\r\n--{}", boundary.0);
                let end = rest[start..].windows(line.len()).position(|w| w == line.as_bytes());
                let end = start + end.expect("a boundary");
                prop_assert_eq!(&rest[start..end], &content[..]);
                rest = &rest[end + 2..];
            }
            prop_assert_eq!(rest, last.as_bytes());
        }
    }
}
