//! What is read outside of the endpoints: secrets, which are named and never written out, and plain
//! text, which no expression fills in.
//!
//! A secret is `{ env: NAME }`, a variable of the environment, or `{ file: PATH }`, a file whose one
//! trailing line break does not belong to it. A relative path is relative to the directory in which
//! the flow is run. Whatever stands where a secret is due is blotted out in reports.

use std::path::PathBuf;

use fsm_http::secret::SecretSource;
use http::HeaderValue;

use super::fields::{Read, Wrong};
use super::keys;
use super::tree::{Kind, Node};
use crate::check::spelling;
use crate::expr::Template;

const SHAPE: &str = "write `{ env: NAME }` for a variable of the environment, or `{ file: PATH }`";

/// `{ env: NAME }` or `{ file: PATH }`.
pub(super) fn secret(node: &Node) -> Read<SecretSource> {
    let wrong = |predicate: &str| Wrong::of(predicate).hint(SHAPE).secret();
    let members = match &node.kind {
        Kind::Map(members) => members,
        Kind::Broken => return Err(Wrong::expected("a secret", node).into()),
        Kind::Null | Kind::List(_) => return Err(wrong("must be a secret").into()),
        Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {
            return Err(wrong("must not be written out: secrets stay out of flow files").into());
        }
    };
    let [member] = members.as_slice() else {
        return Err(wrong("must be `env` or `file`, one of them").into());
    };
    let text = match &member.value.kind {
        Kind::Text(text) if !text.is_empty() => Some(text),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::List(_)
        | Kind::Map(_)
        | Kind::Broken => None,
    };
    match (member.key.as_str(), text) {
        ("env", Some(name)) if !name.contains(['=', '\0', '$']) => {
            Ok(SecretSource::Env(name.clone()))
        }
        ("env", Some(_) | None) => {
            let wrong = Wrong::whole("`env` must be the name of a variable of the environment");
            Err(wrong.hint("without `$`: `{ env: SHOP_TOKEN }`").secret().into())
        }
        ("file", Some(path)) if !path.contains('\0') => Ok(SecretSource::File(PathBuf::from(path))),
        ("file", Some(_) | None) => {
            let wrong = Wrong::whole("`file` must be the path of a file");
            Err(wrong.hint("for example `{ file: /run/secrets/token }`").secret().into())
        }
        (other, _) => {
            // A key that is no slip may be the secret itself, so only a slip is quoted.
            let near = spelling::closest(other, keys::SECRET.known.iter().copied());
            Err(match near {
                Some(key) => Wrong::whole(format!("unknown key `{other}` in a secret"))
                    .hint(format!("did you mean `{key}`?"))
                    .secret(),
                None => wrong("must be `env` or `file`"),
            }
            .into())
        }
    }
}

/// Text that is the same in every run; what is read as `$` is written as `$$`, as everywhere.
pub(super) fn plain(node: &Node) -> Read<String> {
    let text = super::values::text(node)?;
    let template = Template::text(&text)
        .map_err(|errors| errors.into_iter().map(Wrong::expression).collect::<Vec<_>>())?;
    match template.references().first() {
        None => Ok(template.as_literal().and_then(|value| value.as_str()).unwrap_or(&text).into()),
        Some(reference) => {
            let written = &text[reference.span.clone()];
            let wrong =
                Wrong::whole(format!("`{written}` is an expression, and a resource holds none"));
            let hint = "it is the same in every run: what changes belongs to the endpoints, and a \
                        secret is `{ env: NAME }` or `{ file: PATH }`";
            Err(wrong.hint(hint).part(reference.span.clone()).into())
        }
    }
}

/// Plain text that a header may hold.
pub(super) fn header_text(node: &Node) -> Read<String> {
    let text = plain(node)?;
    match HeaderValue::from_str(&text) {
        Ok(_) => Ok(text),
        Err(_) => {
            let wrong = Wrong::of("holds a character that no header may hold");
            Err(wrong.hint("a header is one line of text").into())
        }
    }
}

/// A path, relative to the directory in which the flow is run.
pub(super) fn path(node: &Node) -> Read<PathBuf> {
    let text = plain(node)?;
    match text.is_empty() || text.contains('\0') {
        true => Err(Wrong::of("must be the path of a file").into()),
        false => Ok(PathBuf::from(text)),
    }
}
