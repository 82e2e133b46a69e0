//! `inputs`: a JSON Schema (draft 2020-12) that stands alone, and the input that it is for.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use boon::{CompileError, Compiler, Draft, ErrorKind, SchemaIndex, Schemas, ValidationError};
use serde_json::Value;

use super::{spelling, top};
use crate::fault::{Fault, Place};

/// Where the schema pretends to lie, so that references inside of it can be resolved.
const HOME: &str = "flow:///inputs";

/// A compiled schema of a flow's inputs.
///
/// # Examples
/// ```
/// # use fsm_patterns::check::InputCheck;
/// # use serde_json::json;
/// let schema = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}});
/// let check = InputCheck::new(&schema).unwrap();
/// assert!(check.check(&json!({"id": 7})).is_empty());
/// let faults = check.check(&json!({"id": "7"}));
/// assert_eq!(faults[0].to_string(), "/id must be an integer, not a string");
/// ```
#[derive(Clone)]
pub struct InputCheck {
    schemas: Arc<Schemas>,
    root: SchemaIndex,
}

impl InputCheck {
    /// Compiles a schema. Nothing is fetched: a reference to another document is a fault.
    ///
    /// # Errors
    /// What is wrong with the schema, with places that begin with `inputs`.
    pub fn new(schema: &Value) -> Result<Self, Vec<Fault>> {
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.use_loader(Box::new(NothingElse));
        let mut schemas = Schemas::new();
        if let Err(error) = compiler.add_resource(HOME, schema.clone()) {
            return Err(schema_faults(&error));
        }
        match compiler.compile(HOME, &mut schemas) {
            Ok(root) => Ok(Self { schemas: Arc::new(schemas), root }),
            Err(error) => Err(schema_faults(&error)),
        }
    }

    /// Everything in `input` that the schema does not allow; empty if the run may start.
    pub fn check(&self, input: &Value) -> Vec<InputFault> {
        let Err(error) = self.schemas.validate(input, self.root) else { return Vec::new() };
        let mut faults: Vec<InputFault> = leaves(&error)
            .into_iter()
            .map(|leaf| {
                let pointer = leaf.instance_location.to_string();
                InputFault { pointer, message: sentence(&leaf.kind) }
            })
            .collect();
        faults.dedup();
        faults
    }
}

impl fmt::Debug for InputCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputCheck").finish_non_exhaustive()
    }
}

/// One thing in an input that the schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFault {
    /// Where in the input, as a JSON Pointer (RFC 6901); empty: the input itself.
    pub pointer: String,
    /// What is wrong, going on from the place as the subject: "must be a string, not a number".
    pub message: String,
}

impl fmt::Display for InputFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => write!(f, "the input {}", self.message),
            pointer => write!(f, "{pointer} {}", self.message),
        }
    }
}

impl std::error::Error for InputFault {}

/// The members that a schema declares for an object, where it declares all of them.
pub(super) struct Declared<'a> {
    names: BTreeSet<&'a str>,
}

impl<'a> Declared<'a> {
    /// `None` if the schema leaves open which members there are: it names none, allows others, or
    /// says it in a way that only a validator understands.
    pub(super) fn of(schema: &'a Value) -> Option<Self> {
        const OPEN: [&str; 15] = [
            "$ref",
            "$dynamicRef",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "if",
            "then",
            "else",
            "dependentSchemas",
            "patternProperties",
            "unevaluatedProperties",
            "propertyNames",
            "const",
            "enum",
        ];
        let properties = schema.get("properties")?.as_object()?;
        if OPEN.iter().any(|keyword| schema.get(keyword).is_some()) {
            return None;
        }
        match schema.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(_) => return None,
        }
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        Some(Self { names: properties.keys().map(String::as_str).chain(required).collect() })
    }

    /// The hint for a member that is not declared; `None` if it is.
    pub(super) fn refuses(&self, member: &str, search: bool) -> Option<String> {
        if self.names.contains(member) {
            return None;
        }
        let close = search.then(|| spelling::closest(member, self.names.iter().copied())).flatten();
        Some(match close {
            Some(close) => format!("did you mean `{close}`?"),
            None => "declare it under `properties`, or allow others with \
                     `additionalProperties: true`"
                .to_owned(),
        })
    }
}

/// Refuses to load anything: a check must not open files or sockets.
struct NothingElse;

impl boon::UrlLoader for NothingElse {
    fn load(&self, _url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err("the schema must stand alone".into())
    }
}

fn schema_faults(error: &CompileError) -> Vec<Fault> {
    let whole = |message: String| Fault::new(top("inputs"), message);
    match error {
        CompileError::ValidationError { src, .. } => {
            let faults = leaves(src).into_iter().map(|leaf| {
                let place = leaf.instance_location.tokens.iter().fold(top("inputs"), inside);
                let subject = match place.steps().last() {
                    Some(crate::fault::Step::Key(key)) => format!("`{key}`"),
                    Some(crate::fault::Step::Item(_)) | None => "it".to_owned(),
                };
                let message =
                    format!("not a valid JSON Schema: {subject} {}", sentence(&leaf.kind));
                Fault::new(place, message).hint("`inputs` is a JSON Schema, draft 2020-12")
            });
            let mut faults: Vec<Fault> = faults.collect();
            faults.dedup();
            faults
        }
        CompileError::LoadUrlError { url, .. } | CompileError::UnsupportedUrlScheme { url } => {
            let message = format!("the schema refers to `{url}`, and nothing is fetched");
            vec![whole(message).hint("put the definition under `$defs`: `$ref: \"#/$defs/NAME\"`")]
        }
        CompileError::JsonPointerNotFound(url) => {
            let url = url.strip_prefix(HOME).unwrap_or(url);
            let message = format!("the schema refers to `{url}`, which is not in it");
            vec![whole(message).hint("put the definition under `$defs`: `$ref: \"#/$defs/NAME\"`")]
        }
        CompileError::InvalidRegex { regex, .. } => {
            let message = format!("not a valid JSON Schema: `{regex}` is no regular expression");
            vec![whole(message).hint("patterns are those of ECMA-262")]
        }
        // The crate's enum has a dozen rarer cases, and its own words serve for them.
        other => {
            vec![whole(format!("not a valid JSON Schema: {}", other.to_string().replace(HOME, "")))]
        }
    }
}

fn inside(place: Place, token: &boon::InstanceToken<'_>) -> Place {
    match token {
        boon::InstanceToken::Prop(key) => place.key(key.as_ref()),
        boon::InstanceToken::Item(index) => place.item(*index),
    }
}

/// The errors at the tips of the tree: those above only say that something below failed.
fn leaves<'e, 's, 'v>(error: &'e ValidationError<'s, 'v>) -> Vec<&'e ValidationError<'s, 'v>> {
    let mut open = vec![error];
    let mut leaves = Vec::new();
    while let Some(error) = open.pop() {
        let is_choice = matches!(error.kind, ErrorKind::AnyOf | ErrorKind::OneOf(_));
        if is_choice {
            // The one alternative that has the right type is the one that was meant; of several,
            // the whole says more than each of them.
            let mut meant = error.causes.iter().filter(|cause| !is_of_another_type(cause, error));
            match (meant.next(), meant.next()) {
                (Some(cause), None) => open.push(cause),
                _ => leaves.push(error),
            }
        } else if error.causes.is_empty() {
            leaves.push(error);
        } else {
            open.extend(error.causes.iter().rev());
        }
    }
    leaves
}

/// Whether `cause` fails because the value of `choice` itself has another type.
fn is_of_another_type(
    mut cause: &ValidationError<'_, '_>,
    choice: &ValidationError<'_, '_>,
) -> bool {
    while let [only] = cause.causes.as_slice() {
        cause = only;
    }
    let depth = |error: &ValidationError<'_, '_>| error.instance_location.tokens.len();
    matches!(cause.kind, ErrorKind::Type { .. }) && depth(cause) == depth(choice)
}

/// What is wrong, going on from a subject.
fn sentence(kind: &ErrorKind<'_, '_>) -> String {
    match kind {
        ErrorKind::Type { got, want } => {
            let want: Vec<String> = want.iter().map(article).collect();
            format!("must be {}, not {}", want.join(" or "), article(*got))
        }
        ErrorKind::Required { want } => format!("lacks {}", spelling::list(want)),
        ErrorKind::AdditionalProperties { got } => {
            let got: Vec<&str> = got.iter().map(AsRef::as_ref).collect();
            format!("must not have {}", spelling::list(&got))
        }
        ErrorKind::Enum { want } => {
            let want: Vec<String> = want.iter().map(ToString::to_string).collect();
            format!("must be one of {}", want.join(", "))
        }
        ErrorKind::Const { want } => format!("must be {want}"),
        ErrorKind::Minimum { want, .. } => format!("must be at least {want}"),
        ErrorKind::Maximum { want, .. } => format!("must be at most {want}"),
        ErrorKind::ExclusiveMinimum { want, .. } => format!("must be more than {want}"),
        ErrorKind::ExclusiveMaximum { want, .. } => format!("must be less than {want}"),
        ErrorKind::MultipleOf { want, .. } => format!("must be a multiple of {want}"),
        ErrorKind::MinLength { want, .. } => format!("must have at least {want} characters"),
        ErrorKind::MaxLength { want, .. } => format!("must have at most {want} characters"),
        ErrorKind::Pattern { want, .. } => format!("must match `{want}`"),
        ErrorKind::MinItems { want, .. } => format!("must have at least {want} items"),
        ErrorKind::MaxItems { want, .. } => format!("must have at most {want} items"),
        ErrorKind::UniqueItems { got: [first, second] } => {
            format!("has the same item at {first} and {second}")
        }
        ErrorKind::FalseSchema => "must not be there".to_owned(),
        ErrorKind::AnyOf => "fits none of the alternatives".to_owned(),
        ErrorKind::OneOf(None) => "fits none of the alternatives".to_owned(),
        ErrorKind::OneOf(Some(_)) => "fits more than one of the alternatives".to_owned(),
        ErrorKind::Not => "must not fit the schema under `not`".to_owned(),
        // Rarer kinds keep the words of the validator.
        other => format!("is not allowed: {other}"),
    }
}

fn article(of: boon::Type) -> String {
    match of {
        boon::Type::Null => "null".to_owned(),
        boon::Type::Integer => "an integer".to_owned(),
        boon::Type::Array => "an array".to_owned(),
        boon::Type::Object => "an object".to_owned(),
        boon::Type::Boolean | boon::Type::Number | boon::Type::String => format!("a {of}"),
    }
}
