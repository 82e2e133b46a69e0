//! What a simulation is told, item by item: `coin`, `coin=5`, `+30s`, `done:brew={"cups": 2}`.
//!
//! An item names an event and may carry data as JSON behind `=`. What no event is called can also
//! be time that passes (`+5s`) or the end of an activity (`done:STATE`, `failed:STATE`,
//! `timeout:STATE`). A name that holds a comma or `=` is written as a JSON string.

use std::fmt;
use std::time::Duration;

use fsm_patterns::duration::{self, DurationError};
use serde::Deserialize;
use serde_json::Value;

/// One thing that happens to a machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// An event from outside.
    Event { name: String, data: Value },
    /// Time passes.
    Pass(Duration),
    /// An activity ends.
    End { state: String, ending: Ending },
}

/// How an activity ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ending {
    /// Well, with what it gave.
    Done(Value),
    /// Badly and for good, with what it gave.
    Failed(Value),
    /// It takes too long, as often as it is started.
    TimedOut,
}

impl Ending {
    fn word(&self) -> &'static str {
        match self {
            Ending::Done(_) => "done",
            Ending::Failed(_) => "failed",
            Ending::TimedOut => "timeout",
        }
    }
}

impl Item {
    /// The item with other data, where it carries any.
    pub(crate) fn carrying(self, data: Value) -> Self {
        match self {
            Item::Event { name, .. } => Item::Event { name, data },
            Item::End { state, ending: Ending::Done(_) } => {
                Item::End { state, ending: Ending::Done(data) }
            }
            Item::End { state, ending: Ending::Failed(_) } => {
                Item::End { state, ending: Ending::Failed(data) }
            }
            Item::Pass(_) | Item::End { ending: Ending::TimedOut, .. } => self,
        }
    }
}

/// Without the data: as a result names it.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Event { name, .. } => f.write_str(name),
            Item::Pass(wait) => write!(f, "+{}", written(*wait)),
            Item::End { state, ending } => write!(f, "{}:{state}", ending.word()),
        }
    }
}

/// A duration as files write it.
fn written(wait: Duration) -> String {
    let micros = wait.as_micros();
    match micros % 1_000_000 {
        0 => format!("{}s", micros / 1_000_000),
        _ if micros.is_multiple_of(1_000) => format!("{}ms", micros / 1_000),
        _ => format!("{}ms", micros as f64 / 1_000.0),
    }
}

/// Why a list of items can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ItemError {
    /// There is nothing between two commas, or at an end.
    #[error("`{list}` holds an empty item")]
    Empty { list: String },
    /// A name begins as a JSON string and does not go on as one.
    #[error("`{text}` begins with a quote, and is no JSON string: {source}")]
    Name { text: String, source: serde_json::Error },
    /// What follows `=` is not JSON.
    #[error("what follows `{head}=` is not JSON: {source}")]
    Data { head: String, source: serde_json::Error },
    /// Something stands between an item and the next comma.
    #[error("`{rest}` follows `{item}` without a comma")]
    NoComma { item: String, rest: String },
    /// Time that is no time.
    #[error("`{item}` is no time that can pass: it {source}")]
    Time { item: String, source: DurationError },
    /// Data where none can be carried.
    #[error("`{item}` carries no data: only events, `done:`, and `failed:` do")]
    NoData { item: String },
    /// No state is named.
    #[error("`{item}` names no state: write `done:STATE`")]
    NoState { item: String },
}

impl ItemError {
    /// What to write instead.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            ItemError::Empty { .. } => Some("items are separated by one comma: a,b,c".to_owned()),
            ItemError::Name { .. } => {
                Some("a name that holds commas or `=` is written \"like, this\"".to_owned())
            }
            ItemError::Data { head, .. } => Some(format!(
                "text is written in double quotes, and the whole in single ones for the shell: \
                 '{head}=\"text\"'"
            )),
            ItemError::Time { .. } => Some("write `+500ms`, `+5s`, `+5m`, or `+2h`".to_owned()),
            ItemError::NoComma { .. } | ItemError::NoData { .. } | ItemError::NoState { .. } => {
                None
            }
        }
    }
}

/// Reads a list of items that are separated by commas; an empty text holds none. What `is_event`
/// says to be an event's name is one, whatever it looks like, also if it is the whole text.
pub(crate) fn list(text: &str, is_event: impl Fn(&str) -> bool) -> Result<Vec<Item>, ItemError> {
    let mut items = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Ok(items);
    }
    if is_event(rest) {
        return Ok(vec![Item::Event { name: rest.to_owned(), data: Value::Null }]);
    }
    loop {
        let (written, after) = Written::read(rest)?;
        if written.head.is_empty() && !written.is_quoted {
            return Err(ItemError::Empty { list: text.trim().to_owned() });
        }
        let head = written.head.clone();
        items.push(written.item(&is_event)?);
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if rest.is_empty() => return Ok(items),
            None => return Err(ItemError::NoComma { item: head, rest: rest.to_owned() }),
        }
    }
}

/// An item as it is written: a name, and perhaps data.
struct Written {
    head: String,
    is_quoted: bool,
    data: Option<Value>,
}

/// What begins the end of an activity.
const ENDINGS: [&str; 3] = ["done:", "failed:", "timeout:"];

impl Written {
    /// Reads one item from the beginning of `text`, and gives the rest back.
    fn read(text: &str) -> Result<(Self, &str), ItemError> {
        let prefix = ENDINGS.into_iter().find(|prefix| text.starts_with(prefix)).unwrap_or("");
        let (name, is_quoted, rest) = match text[prefix.len()..].starts_with('"') {
            true => {
                let (name, rest) = json::<String>(&text[prefix.len()..])
                    .map_err(|source| ItemError::Name { text: text.to_owned(), source })?;
                (name, prefix.is_empty(), rest)
            }
            false => {
                let end = text.find([',', '=']).unwrap_or(text.len());
                (text[prefix.len()..end].trim_end().to_owned(), false, &text[end..])
            }
        };
        let head = format!("{prefix}{name}");
        let Some(data) = rest.trim_start().strip_prefix('=') else {
            return Ok((Self { head, is_quoted, data: None }, rest));
        };
        let (data, rest) =
            json::<Value>(data).map_err(|source| ItemError::Data { head: head.clone(), source })?;
        Ok((Self { head, is_quoted, data: Some(data) }, rest))
    }

    fn item(self, is_event: impl Fn(&str) -> bool) -> Result<Item, ItemError> {
        let Written { head, is_quoted, data } = self;
        let event = |head: String, data: Option<Value>| Item::Event {
            name: head,
            data: data.unwrap_or_default(),
        };
        if is_quoted || is_event(&head) {
            return Ok(event(head, data));
        }
        if let Some(time) = head.strip_prefix('+') {
            return match (duration::parse(time), data) {
                (Ok(wait), None) => Ok(Item::Pass(wait)),
                (Ok(_), Some(_)) => Err(ItemError::NoData { item: head }),
                (Err(source), _) => Err(ItemError::Time { item: head, source }),
            };
        }
        let Some((word, state)) = ENDINGS
            .into_iter()
            .find_map(|prefix| head.strip_prefix(prefix).map(|state| (prefix, state.to_owned())))
        else {
            return Ok(event(head, data));
        };
        if state.is_empty() {
            return Err(ItemError::NoState { item: head });
        }
        let ending = match (word, data) {
            ("timeout:", Some(_)) => return Err(ItemError::NoData { item: head }),
            ("timeout:", None) => Ending::TimedOut,
            ("done:", data) => Ending::Done(data.unwrap_or_default()),
            (_, data) => Ending::Failed(data.unwrap_or_default()),
        };
        Ok(Item::End { state, ending })
    }
}

/// Reads one JSON value from the beginning of a text, and gives the rest back.
fn json<'t, T: Deserialize<'t>>(text: &'t str) -> Result<(T, &'t str), serde_json::Error> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    let value = match values.next() {
        Some(value) => value?,
        // There is nothing at all: let the parser say so.
        None => serde_json::from_str(text)?,
    };
    Ok((value, &text[values.byte_offset()..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Vec<Item>, ItemError> {
        list(text, |name| ["coin", "+9s", "done:it", "a, b=c"].contains(&name))
    }

    fn event(name: &str, data: Value) -> Item {
        Item::Event { name: name.to_owned(), data }
    }

    fn end(state: &str, ending: Ending) -> Item {
        Item::End { state: state.to_owned(), ending }
    }

    #[test]
    fn items_are_separated_by_commas_and_commas_inside_of_json_separate_nothing() {
        let none = Value::Null;
        let table = [
            ("", vec![]),
            (" \n ", vec![]),
            ("coin", vec![event("coin", none.clone())]),
            (" coin , push\n", vec![event("coin", none.clone()), event("push", none.clone())]),
            ("coin=5,push", vec![event("coin", json!(5)), event("push", none.clone())]),
            (
                r#"coin={"value": [1, 2], "of": "a,b}"},push"#,
                vec![
                    event("coin", json!({"value": [1, 2], "of": "a,b}"})),
                    event("push", none.clone()),
                ],
            ),
            (
                r#"say="a, \"b\"" ,coin"#,
                vec![event("say", json!("a, \"b\"")), event("coin", none.clone())],
            ),
            (r#""a, b=c"=true"#, vec![event("a, b=c", json!(true))]),
            (r#""", "+5s""#, vec![event("", none.clone()), event("+5s", none.clone())]),
            ("insert coin", vec![event("insert coin", none.clone())]),
            ("\"+vote\"", vec![event("+vote", none.clone())]),
            ("a, b=c", vec![event("a, b=c", none)]),
        ];
        for (text, items) in table {
            assert_eq!(read(text).unwrap(), items, "{text}");
        }
    }

    #[test]
    fn what_no_event_is_called_is_time_or_the_end_of_an_activity() {
        let table = [
            ("+5s", Item::Pass(Duration::from_secs(5))),
            ("+1.5s", Item::Pass(Duration::from_millis(1_500))),
            ("+9s", event("+9s", Value::Null)),
            ("done:brew", end("brew", Ending::Done(Value::Null))),
            ("done:brew=3", end("brew", Ending::Done(json!(3)))),
            ("done:\"a, b\"=3", end("a, b", Ending::Done(json!(3)))),
            ("failed:on.brew={}", end("on.brew", Ending::Failed(json!({})))),
            ("timeout:brew", end("brew", Ending::TimedOut)),
            ("done:it", event("done:it", Value::Null)),
        ];
        for (text, item) in table {
            assert_eq!(read(text).unwrap(), [item], "{text}");
        }
    }

    #[test]
    fn a_result_names_an_item_as_it_is_written() {
        for text in ["coin", "+5s", "+1500ms", "done:on.brew", "failed:brew", "timeout:brew"] {
            assert_eq!(read(text).unwrap()[0].to_string(), text);
        }
        assert_eq!(read("coin=5").unwrap()[0].to_string(), "coin");
    }

    #[test]
    fn what_is_malformed_is_told_with_what_to_write_instead() {
        let texts = [
            "a,,b",
            "a,",
            ",",
            "coin=",
            "coin=abc",
            "coin={\"a\": 1",
            "coin=5 6",
            "\"coin",
            "+5x",
            "+5",
            "+",
            "+-1s",
            "+vote",
            "+5s=1",
            "timeout:a=1",
            "done:",
            "=5",
        ];
        let told: Vec<String> = texts
            .into_iter()
            .map(|text| {
                let error = read(text).expect_err(text);
                let hint = error.hint().map(|hint| format!("\n    {hint}")).unwrap_or_default();
                format!("{text}\n    {error}{hint}")
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        a,,b
            `a,,b` holds an empty item
            items are separated by one comma: a,b,c
        a,
            `a,` holds an empty item
            items are separated by one comma: a,b,c
        ,
            `,` holds an empty item
            items are separated by one comma: a,b,c
        coin=
            what follows `coin=` is not JSON: EOF while parsing a value at line 1 column 0
            text is written in double quotes, and the whole in single ones for the shell: 'coin="text"'
        coin=abc
            what follows `coin=` is not JSON: expected value at line 1 column 1
            text is written in double quotes, and the whole in single ones for the shell: 'coin="text"'
        coin={"a": 1
            what follows `coin=` is not JSON: EOF while parsing an object at line 1 column 7
            text is written in double quotes, and the whole in single ones for the shell: 'coin="text"'
        coin=5 6
            `6` follows `coin` without a comma
        "coin
            `"coin` begins with a quote, and is no JSON string: EOF while parsing a string at line 1 column 5
            a name that holds commas or `=` is written "like, this"
        +5x
            `+5x` is no time that can pass: it must be a duration, and `x` is no unit of it
            write `+500ms`, `+5s`, `+5m`, or `+2h`
        +5
            `+5` is no time that can pass: it must be a duration, and `5` has no unit
            write `+500ms`, `+5s`, `+5m`, or `+2h`
        +
            `+` is no time that can pass: it must be a duration, not ``
            write `+500ms`, `+5s`, `+5m`, or `+2h`
        +-1s
            `+-1s` is no time that can pass: it must not be negative
            write `+500ms`, `+5s`, `+5m`, or `+2h`
        +vote
            `+vote` is no time that can pass: it must be a duration, not `vote`
            write `+500ms`, `+5s`, `+5m`, or `+2h`
        +5s=1
            `+5s` carries no data: only events, `done:`, and `failed:` do
        timeout:a=1
            `timeout:a` carries no data: only events, `done:`, and `failed:` do
        done:
            `done:` names no state: write `done:STATE`
        =5
            `=5` holds an empty item
            items are separated by one comma: a,b,c
        "#);
    }
}
