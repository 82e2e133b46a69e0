//! The small values of a flow file: text, counts, durations, templates.
//!
//! Here is refused what has the wrong type and so cannot be said in a [`crate::spec::FlowSpec`].
//! What can be said and is out of range is left to [`crate::check`], which Rust builders pass too.

use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::fields::{Read, Wrong};
use super::tree::{Kind, Node};
use crate::check::{STATUSES, spelling};
use crate::duration;
use crate::expr::{Condition, ExprError, Template, UrlTemplate};
use crate::spec::{CacheKey, Handler, Mode, Output, Parser, Transform, When};

/// The methods that a flow can send.
const METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

const OR_LEAVE_OUT: &str = "leave the key out for its default";

/// Any text.
pub(crate) fn text(node: &Node) -> Read<String> {
    match &node.kind {
        Kind::Text(text) => Ok(text.clone()),
        Kind::Bool(_) | Kind::Number(_) => {
            Err(Wrong::expected("text", node).hint("put it in quotes").into())
        }
        Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Broken => {
            Err(Wrong::expected("text", node).into())
        }
    }
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node) -> Read<bool> {
    match &node.kind {
        Kind::Bool(value) => Ok(*value),
        Kind::Text(text) => {
            let wrong = Wrong::expected("`true` or `false`", node);
            Err(match text.to_lowercase().as_str() {
                "yes" | "on" | "y" | "true" => wrong.hint("write `true`").into(),
                "no" | "off" | "n" | "false" => wrong.hint("write `false`").into(),
                _ => wrong.into(),
            })
        }
        Kind::Null | Kind::Number(_) | Kind::List(_) | Kind::Map(_) | Kind::Broken => {
            Err(Wrong::expected("`true` or `false`", node).into())
        }
    }
}

/// A whole number that `T` can hold, so never a negative one.
pub(crate) fn count<T: TryFrom<u64>>(node: &Node) -> Read<T> {
    let Kind::Number(number) = &node.kind else {
        let wrong = Wrong::expected("a whole number", node);
        return Err(match &node.kind {
            Kind::Text(text) if text.parse::<u64>().is_ok() => wrong.hint("remove the quotes"),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Broken => wrong,
        }
        .into());
    };
    if number.as_f64().is_some_and(|value| value < 0.0) {
        return Err(Wrong::of(format!("must not be negative, and {number} is")).into());
    }
    match number.as_u64() {
        Some(value) => {
            T::try_from(value).map_err(|_| Wrong::of(format!("is too large: {number}")).into())
        }
        None => Err(Wrong::expected("a whole number", node).into()),
    }
}

/// A whole number above zero; `hint` says what to do about a zero.
pub(crate) fn positive(hint: &str) -> impl FnOnce(&Node) -> Read<u32> {
    move |node| match count(node)? {
        0 => Err(Wrong::of("must be more than 0").hint(hint).into()),
        count => Ok(count),
    }
}

/// A status of HTTP, 100 to 599.
pub(super) fn status(node: &Node) -> Read<u16> {
    let status: u64 = count(node)?;
    match u16::try_from(status) {
        Ok(status) if STATUSES.contains(&status) => Ok(status),
        Ok(_) | Err(_) => {
            let wrong = Wrong::whole(format!("{status} is not a status of HTTP"));
            Err(wrong.hint("statuses lie between 100 and 599").into())
        }
    }
}

/// Any number.
pub(super) fn number(node: &Node) -> Read<f64> {
    match &node.kind {
        Kind::Number(number) => {
            number.as_f64().ok_or_else(|| Wrong::expected("a number", node).into())
        }
        Kind::Null
        | Kind::Bool(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Map(_)
        | Kind::Broken => Err(Wrong::expected("a number", node).into()),
    }
}

/// Seconds as a number, or `500ms`, `30s`, `5m`, `2h`.
pub(crate) fn duration(node: &Node) -> Read<Duration> {
    let read = match &node.kind {
        Kind::Number(number) => duration::from_seconds(number.as_f64().unwrap_or(f64::NAN)),
        Kind::Text(text) => duration::parse(text),
        Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) | Kind::Broken => {
            let wrong = Wrong::expected("a duration", node);
            return Err(wrong.hint("write seconds as a number, or `30s`").into());
        }
    };
    read.map_err(|error| Wrong::of(error.to_string()).hint(error.hint()).into())
}

/// A duration above zero.
pub(crate) fn some_time(node: &Node) -> Read<Duration> {
    match duration(node)? {
        Duration::ZERO => Err(Wrong::of("must be more than 0").hint(OR_LEAVE_OUT).into()),
        duration => Ok(duration),
    }
}

/// What `read` reads, or `null` where the default is that there is none.
pub(super) fn or_none<T>(read: impl Fn(&Node) -> Read<T>) -> impl Fn(&Node) -> Read<Option<T>> {
    move |node| match node.kind {
        Kind::Null => Ok(None),
        Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Map(_)
        | Kind::Broken => read(node).map(Some),
    }
}

/// A list of what `read` reads.
pub(super) fn list<T>(
    what: &'static str,
    read: impl Fn(&Node) -> Read<T>,
) -> impl Fn(&Node) -> Read<Vec<T>> {
    move |node| {
        let Kind::List(items) = &node.kind else {
            let wrong = Wrong::expected(what, node);
            return Err(match &node.kind {
                Kind::Text(text) => wrong.hint(format!("write `[{text}]`")),
                Kind::Number(number) => wrong.hint(format!("write `[{number}]`")),
                Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) | Kind::Broken => wrong,
            }
            .into());
        };
        let read_item = |(index, item)| {
            read(item).map_err(|wrongs| {
                wrongs.into_iter().map(|wrong| wrong.at_item(index)).collect::<Vec<_>>()
            })
        };
        gather(items.iter().enumerate().map(read_item))
    }
}

/// All values, or everything that is wrong with any of them.
pub(super) fn gather<T>(reads: impl Iterator<Item = Read<T>>) -> Read<Vec<T>> {
    let (mut values, mut wrongs) = (Vec::new(), Vec::new());
    for read in reads {
        match read {
            Ok(value) => values.push(value),
            Err(found) => wrongs.extend(found),
        }
    }
    if wrongs.is_empty() { Ok(values) } else { Err(wrongs) }
}

/// One of the six modes.
pub(super) fn mode(node: &Node) -> Read<Mode> {
    let name = text(node)?;
    let names = Mode::ALL.map(Mode::name);
    Mode::ALL.into_iter().find(|mode| mode.name() == name).ok_or_else(|| {
        Wrong::whole(format!("unknown mode `{name}`")).hint(one_of(&name, &names)).into()
    })
}

/// A method, in any case.
pub(super) fn method(node: &Node) -> Read<Method> {
    let name = text(node)?;
    let upper = name.to_ascii_uppercase();
    METHODS.into_iter().find(|method| method.as_str() == upper).ok_or_else(|| {
        let names = METHODS.each_ref().map(Method::as_str);
        Wrong::whole(format!("unknown method `{name}`")).hint(one_of(&upper, &names)).into()
    })
}

/// What to write instead of `name`.
pub(super) fn one_of(name: &str, known: &[&str]) -> String {
    match spelling::closest(name, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("write one of {}", spelling::list(known)),
    }
}

/// Where a call goes; `parse` knows what a relative url is appended to.
pub(super) fn url(
    parse: impl FnOnce(&str) -> Result<UrlTemplate, ExprError>,
) -> impl FnOnce(&Node) -> Read<UrlTemplate> {
    move |node| {
        if matches!(node.kind, Kind::Map(_)) {
            let wrong = Wrong::expected("a url", node);
            return Err(wrong.hint("a text that begins with `{` needs quotes").into());
        }
        parse(&text(node)?).map_err(|error| Wrong::expression(error).into())
    }
}

/// A list that is not empty.
pub(super) fn filled<T>(
    read: impl Fn(&Node) -> Read<Vec<T>>,
    hint: &str,
) -> impl FnOnce(&Node) -> Read<Vec<T>> {
    move |node| {
        let items = read(node)?;
        match items.is_empty() {
            true => Err(Wrong::of("must not be an empty list").hint(hint).into()),
            false => Ok(items),
        }
    }
}

/// A template that makes cache keys.
pub(super) fn cache_key(node: &Node) -> Read<CacheKey> {
    template(node).map(CacheKey::Template)
}

/// Any value, with expressions in its strings.
pub(super) fn template(node: &Node) -> Read<Template> {
    Template::parse(&node.to_value())
        .map_err(|errors| errors.into_iter().map(Wrong::expression).collect())
}

/// A template that replaces a value.
pub(super) fn transform(node: &Node) -> Read<Transform> {
    template(node).map(Transform::Template)
}

/// A template that may read `$error`.
pub(super) fn handler(node: &Node) -> Read<Handler> {
    template(node).map(Handler::Template)
}

/// A template over `$inputs` and `$steps`.
pub(super) fn output(node: &Node) -> Read<Output> {
    template(node).map(Output::Template)
}

/// A condition; a bare `true` or `false` is one.
pub(super) fn condition(node: &Node) -> Read<When> {
    let source = match &node.kind {
        Kind::Bool(value) => value.to_string(),
        Kind::Text(text) => text.clone(),
        Kind::Null | Kind::Number(_) | Kind::List(_) | Kind::Map(_) | Kind::Broken => {
            let wrong = Wrong::expected("a condition", node);
            return Err(wrong.hint("for example `$data.amount > 100`").into());
        }
    };
    let condition = Condition::parse(&source).map_err(Wrong::expression)?;
    Ok(When::Expression(condition))
}

/// `auto`, `json`, `text`, `bytes`, `graphql`, or a template.
pub(super) fn parser(node: &Node) -> Read<Parser> {
    match &node.kind {
        Kind::Text(name) => match name.as_str() {
            "auto" => Ok(Parser::Auto),
            "json" => Ok(Parser::Json),
            "text" => Ok(Parser::Text),
            "bytes" => Ok(Parser::Bytes),
            "graphql" => Ok(Parser::GraphQl),
            _ => {
                let template = template(node)?;
                if template.references().is_empty() {
                    let names = ["auto", "json", "text", "bytes", "graphql"];
                    let wrong = Wrong::whole(format!("unknown parser `{name}`"));
                    return Err(wrong.hint(one_of(name, &names)).into());
                }
                Ok(Parser::Template(template))
            }
        },
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::List(_)
        | Kind::Map(_)
        | Kind::Broken => template(node).map(Parser::Template),
    }
}

/// A JSON Schema: a map, or `true` or `false`.
pub(super) fn schema(node: &Node) -> Read<Value> {
    match &node.kind {
        Kind::Map(_) | Kind::Bool(_) => Ok(node.to_value()),
        Kind::Null | Kind::Number(_) | Kind::Text(_) | Kind::List(_) | Kind::Broken => {
            let wrong = Wrong::expected("a JSON Schema", node);
            Err(wrong.hint("for example `{ type: object, required: [id] }`").into())
        }
    }
}
