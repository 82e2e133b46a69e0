//! The expression language of flow files: how a value finds its way from one call to the next.
//!
//! Modelled on the runtime expressions and simple conditions of the Arazzo Specification of the
//! OpenAPI Initiative. Four things can be written, each parsed once, before anything runs:
//!
//! | type | written as | gives |
//! |---|---|---|
//! | [`Expression`] | `$steps.cart.output.items[0]` | a value, borrowed from where it lies, or nothing |
//! | [`Template`] | any JSON tree whose strings may hold expressions | a value |
//! | [`UrlTemplate`] | `https://api.example.com/users/{$inputs.id}` | a url |
//! | [`Condition`] | `$statusCode == 200 && $data.total > 100` | true or false |
//!
//! **Roots.** `$inputs`, `$data`, `$steps.NAME.output|status|error`, `$response.body`,
//! `$response.header.NAME`, `$statusCode`, `$url`, `$method`, `$error`; in machine files instead
//! `$context` and `$event` (see [`Dialect`]). Only `$` and a known root make an expression: `$5`
//! and `$inputsx` are text, and `$$` is one `$` in every template.
//!
//! **Reaching inside.** `.member`, `[0]`, `['odd key']` (with `''` for a quote), and at the end a
//! JSON Pointer (RFC 6901): `$data.a[0]` is `$data#/a/0`. A member written with a dot ends at
//! white space or at one of `` . [ ] { } # ' " = ! < > & | ( ) , ` ``; others go into `['…']`.
//! A pointer runs to the end of the string, to the `}` of an embedded expression, or, in a
//! condition, to white space, `)`, or an operator.
//!
//! **Types.** A string that is one expression keeps the value's type. `{$…}` inside a string is
//! always text, also where nothing else is in the string: strings as they are, everything else,
//! null too, as JSON. A string that begins with a known root but goes on in another way
//! (`$data science`) is an error, since one of the two must be a slip.
//!
//! **What is not there.** A member that is absent is an error in a template or url, so that no
//! call goes out with a hole in it, and null in a condition. A step without an output counts as
//! null, and so does what would lie inside; its missing error likewise.
//!
//! There is no arithmetic in flows (a machine's `set` has some: [`Computation`]), no loop, and no
//! call. Text is capped in length and bracket depth
//! before a parser sees it ([`MAX_LENGTH`], [`MAX_DEPTH`]), filters of a JSONPath may lie four deep
//! within one another, and so a hostile flow file costs an error message and nothing else.
//!
//! ```
//! # use fsm_patterns::expr::{Condition, Scope, Template};
//! # use serde_json::json;
//! let data = json!({"user": {"id": 7, "type": "Premium"}});
//! let scope = Scope::new().data(&data);
//!
//! let condition = Condition::parse("$data.user.type == 'premium'").unwrap();
//! assert!(condition.eval(&scope).unwrap());
//!
//! let body = json!({"id": "$data.user.id", "note": "user {$data.user.id}"});
//! let template = Template::parse(&body).unwrap();
//! assert_eq!(template.render(&scope).unwrap(), json!({"id": 7, "note": "user 7"}));
//! ```

mod arithmetic;
mod compare;
mod computation;
mod computation_parser;
mod condition;
mod condition_parser;
mod cursor;
mod doubt;
mod error;
mod expression;
mod limits;
mod lint;
mod operator;
mod path;
mod query;
mod root;
mod root_parser;
mod scope;
mod template;
mod template_parser;
mod template_source;
mod text;
mod url_parser;
mod url_template;

pub(crate) use compare::order;
pub use computation::Computation;
pub use condition::Condition;
pub(crate) use condition::{Node as ConditionNode, NodeKind as ConditionKind};
pub(crate) use doubt::{Doubt, UNKNOWN, unknown};
pub(crate) use error::kind;
pub use error::{EvalError, ExprError, Missing};
pub use expression::Expression;
pub use limits::{MAX_DEPTH, MAX_LENGTH, MAX_TREE_DEPTH};
pub use lint::suspicious;
pub(crate) use lint::suspicious_in;
pub(crate) use operator::Operator;
pub(crate) use path::Segment;
pub use root::{Dialect, Reference, Root, StepField};
pub use scope::{Response, Scope, Steps};
pub use template::Template;
pub use url_template::UrlTemplate;
