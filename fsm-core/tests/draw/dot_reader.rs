//! A reader of as much DOT as our drawings use, written from the grammar of the language and not
//! from the writer: it finds what Graphviz would find, or says what it stumbled over.

use std::collections::BTreeMap;

/// What a drawing holds.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// The attributes of the drawing itself.
    pub(crate) graph: BTreeMap<String, String>,
    /// Nodes with their attributes, by id.
    pub(crate) nodes: BTreeMap<String, BTreeMap<String, String>>,
    /// Frames with their attributes, by id.
    pub(crate) frames: BTreeMap<String, BTreeMap<String, String>>,
    /// The nodes in each frame, at any depth.
    pub(crate) inside: BTreeMap<String, Vec<String>>,
    /// Edges in written order: tail, head, attributes.
    pub(crate) edges: Vec<(String, String, BTreeMap<String, String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Mark(char),
    Arrow,
    Word(String),
}

/// Reads a drawing.
pub(crate) fn read(text: &str) -> Picture {
    let tokens = tokens(text);
    let mut rest = tokens.as_slice();
    assert!(word(&mut rest) == "digraph" && mark(&mut rest, '{'), "no digraph: {text}");
    let mut picture = Picture::default();
    let mut open: Vec<String> = Vec::new();
    loop {
        if mark(&mut rest, '}') {
            if open.pop().is_none() {
                assert!(rest.is_empty(), "text behind the end: {rest:?}");
                return picture;
            }
            continue;
        }
        let subject = word(&mut rest);
        if subject == "subgraph" {
            let id = word(&mut rest);
            assert!(mark(&mut rest, '{'), "no body of {id}");
            picture.frames.insert(id.clone(), BTreeMap::new());
            open.push(id);
        } else if rest.first() == Some(&Token::Arrow) {
            rest = &rest[1..];
            let head = word(&mut rest);
            picture.edges.push((subject, head, attributes(&mut rest)));
        } else {
            let found = attributes(&mut rest);
            match (subject.as_str(), open.last()) {
                ("graph", None) => picture.graph.extend(found),
                ("graph", Some(frame)) => {
                    picture.frames.get_mut(frame).expect("the frame is open").extend(found);
                }
                ("node" | "edge", _) => {}
                (id, _) => {
                    for frame in &open {
                        picture.inside.entry(frame.clone()).or_default().push(id.to_owned());
                    }
                    let twice = picture.nodes.insert(id.to_owned(), found);
                    assert!(twice.is_none(), "node {id} stands there twice");
                }
            }
        }
    }
}

fn word(rest: &mut &[Token]) -> String {
    let (Token::Word(word), behind) = rest.split_first().expect("the text goes on") else {
        panic!("a word is due before {rest:?}");
    };
    *rest = behind;
    word.clone()
}

fn mark(rest: &mut &[Token], due: char) -> bool {
    let found = rest.first() == Some(&Token::Mark(due));
    if found {
        *rest = &rest[1..];
    }
    found
}

fn attributes(rest: &mut &[Token]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if !mark(rest, '[') {
        return found;
    }
    while !mark(rest, ']') {
        let key = word(rest);
        assert!(mark(rest, '='), "no value of {key}");
        let twice = found.insert(key.clone(), word(rest));
        assert!(twice.is_none() || key == "fontsize", "attribute {key} stands there twice");
        mark(rest, ',');
    }
    found
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            ' ' | '\n' => {}
            '{' | '}' | '[' | ']' | '=' | ',' => tokens.push(Token::Mark(character)),
            '-' if rest.peek() == Some(&'>') => {
                rest.next();
                tokens.push(Token::Arrow);
            }
            '"' => {
                let mut quoted = String::new();
                loop {
                    match rest.next().expect("a quoted string ends") {
                        '"' => break,
                        '\n' => panic!("a quoted string runs over the end of its line"),
                        '\\' => {
                            quoted.push('\\');
                            quoted.push(rest.next().expect("an escape goes on"));
                        }
                        other => quoted.push(other),
                    }
                }
                tokens.push(Token::Word(unescape(&quoted)));
            }
            _ => {
                let mut word = String::from(character);
                while let Some(next) =
                    rest.next_if(|c| c.is_ascii_alphanumeric() || "_.".contains(*c))
                {
                    word.push(next);
                }
                assert!(
                    word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b)),
                    "a bare word with odd characters: {word:?}"
                );
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

/// What Graphviz shows for the inside of a quoted label.
fn unescape(quoted: &str) -> String {
    let mut shown = String::new();
    let mut rest = quoted.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next() {
                Some('n' | 'l') => shown.push('\n'),
                Some(kept @ ('\\' | '"')) => shown.push(kept),
                other => panic!("an escape of Graphviz in {quoted:?}: {other:?}"),
            },
            '&' => {
                let behind = rest.as_str();
                let amp = behind.strip_prefix("amp;");
                rest = amp.unwrap_or_else(|| panic!("an entity in {quoted:?}: {behind}")).chars();
                shown.push('&');
            }
            other => shown.push(other),
        }
    }
    shown
}
