//! The path that is expected, with names for segments that may be any.

use std::fmt;

use super::holes;
use super::incoming::decoded;

/// A path such as `/users/{id}`.
#[derive(Clone, Debug)]
pub(super) struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
enum Segment {
    Text(String),
    Named(String),
    WithHoles(String),
}

impl PathTemplate {
    pub(super) fn new(path: &str) -> Self {
        let segment = |segment: &str| {
            let named = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match named {
                Some(name) => Segment::Named(name.to_owned()),
                None => Segment::Text(segment.to_owned()),
            }
        };
        Self { text: path.to_owned(), segments: path.split('/').map(segment).collect() }
    }

    /// A path as it was sent, percent-encoded, in which there may be holes.
    pub(super) fn recorded(path: &str) -> Self {
        let segment = |segment: &str| match holes::has_holes(segment) {
            true => Segment::WithHoles(segment.to_owned()),
            false => Segment::Text(decoded(segment)),
        };
        Self { text: path.to_owned(), segments: path.split('/').map(segment).collect() }
    }

    /// What the names stand for in this path, or `None` if it is another one.
    pub(super) fn segments_of(&self, path: &str) -> Option<Vec<(String, String)>> {
        let came: Vec<&str> = path.split('/').collect();
        if came.len() != self.segments.len() {
            return None;
        }
        let mut names = Vec::new();
        for (segment, came) in self.segments.iter().zip(came) {
            let fits = match segment {
                Segment::Text(text) => *text == decoded(came),
                Segment::WithHoles(pattern) => holes::fits(pattern, came),
                Segment::Named(name) => {
                    names.push((name.clone(), decoded(came)));
                    !came.is_empty()
                }
            };
            if !fits {
                return None;
            }
        }
        Some(names)
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::PathTemplate;

    #[test]
    fn a_name_stands_for_one_segment_and_the_rest_for_itself() {
        let path = PathTemplate::new("/users/{id}/a b");
        let name = |value: &str| Some(vec![("id".to_owned(), value.to_owned())]);
        assert_eq!(path.segments_of("/users/7/a%20b"), name("7"));
        assert_eq!(path.segments_of("/users/a%2Fb/a%20b"), name("a/b"));
        for other in
            ["/users//a%20b", "/users/7/a", "/users/7", "/users/7/8/a%20b", "/users/7/a%20b/"]
        {
            assert_eq!(path.segments_of(other), None, "{other}");
        }
    }
}
