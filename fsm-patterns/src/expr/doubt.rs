//! Evaluation where not everything is known: for proofs, which look at all data at once.
//!
//! A value that nobody knows is the object `{"$unknown": null}`. With other members beside that
//! name it is an object of which only those are known. What is evaluated here is evaluated by the
//! code that runs, as far as it reads nothing unknown; of the rest all that may come of it.

use serde_json::{Map, Value};

use super::computation::Computation;
use super::condition::{Condition, Node as ConditionNode, NodeKind};
use super::error::EvalError;
use super::expression::Expression;
use super::operator::Operator;
use super::root::Root;
use super::scope::Scope;
use super::template::{Node as TemplateNode, Template};
use super::text::Part;

/// The name that says of an object that its other members are unknown.
pub(crate) const UNKNOWN: &str = "$unknown";

/// A value that may be anything.
pub(crate) fn unknown() -> Value {
    Value::Object(Map::from_iter([(UNKNOWN.to_owned(), Value::Null)]))
}

/// Whether something in it is unknown.
pub(crate) fn holds_unknown(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key(UNKNOWN) || members.values().any(holds_unknown)
        }
        Value::Array(items) => items.iter().any(holds_unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// What it hangs on whether something can be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// On what is in the context.
    pub(crate) context: bool,
    /// On what came with the event.
    pub(crate) event: bool,
}

impl Doubt {
    pub(crate) fn is_any(self) -> bool {
        self.context || self.event
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self { context: self.context || other.context, event: self.event || other.event }
    }

    fn of(root: &Root) -> Self {
        match root {
            Root::Event => Self { context: false, event: true },
            Root::Context
            | Root::Inputs
            | Root::Data
            | Root::Step { .. }
            | Root::Body
            | Root::Header(_)
            | Root::StatusCode
            | Root::Url
            | Root::Method
            | Root::Error => Self { context: true, event: false },
        }
    }
}

/// What may come of a condition; at least one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcomes {
    pub(crate) holds: bool,
    pub(crate) declines: bool,
    pub(crate) fails: bool,
}

impl Outcomes {
    const EITHER: Self = Self { holds: true, declines: true, fails: false };
    const ANY: Self = Self { holds: true, declines: true, fails: true };

    fn of(result: Result<bool, EvalError>) -> Self {
        let fails = result.is_err();
        Self { holds: result == Ok(true), declines: result == Ok(false), fails }
    }
}

/// Where an expression leads.
enum Look<'a> {
    Value(&'a Value),
    /// It has no value, or one that is known without a look.
    Known,
    Unknown,
}

impl Expression {
    fn look<'a>(&self, scope: &Scope<'a>) -> Look<'a> {
        let root = match self.root() {
            Root::Context => scope.context,
            Root::Event => scope.event,
            Root::Inputs
            | Root::Data
            | Root::Step { .. }
            | Root::Body
            | Root::Header(_)
            | Root::StatusCode
            | Root::Url
            | Root::Method
            | Root::Error => None,
        };
        let Some(mut value) = root else { return Look::Known };
        for segment in self.path() {
            let is_open = value.get(UNKNOWN).is_some();
            match segment.get(value) {
                Some(inside) => value = inside,
                None if is_open => return Look::Unknown,
                None => return Look::Known,
            }
        }
        Look::Value(value)
    }

    /// Whether nothing unknown is in what it leads to.
    fn is_known(&self, scope: &Scope<'_>) -> bool {
        match self.look(scope) {
            Look::Value(value) => !holds_unknown(value),
            Look::Known => true,
            Look::Unknown => false,
        }
    }

    /// What it hangs on whether it leads to a value.
    fn doubt(&self, scope: &Scope<'_>) -> Doubt {
        match self.look(scope) {
            Look::Value(_) | Look::Known => Doubt::default(),
            Look::Unknown => Doubt::of(self.root()),
        }
    }
}

impl Condition {
    /// All that may come of it.
    pub(crate) fn outcomes(&self, scope: &Scope<'_>) -> Outcomes {
        self.outcomes_of(self.node(), scope)
    }

    fn outcomes_of(&self, node: &ConditionNode, scope: &Scope<'_>) -> Outcomes {
        if node.is_known(scope) {
            return Outcomes::of(self.truth(node, scope));
        }
        match &node.kind {
            NodeKind::Literal(_) | NodeKind::Expression(_) => Outcomes::ANY,
            NodeKind::Not(operand) => {
                let Outcomes { holds, declines, fails } = self.outcomes_of(operand, scope);
                Outcomes { holds: declines, declines: holds, fails }
            }
            NodeKind::And(operands) => self.first_of(operands, scope),
            NodeKind::Or(operands) => {
                // a || b is !(!a && !b), in the same order.
                let mut all = Outcomes::default();
                for operand in operands {
                    let one = self.outcomes_of(operand, scope);
                    (all.holds, all.fails) = (all.holds || one.holds, all.fails || one.fails);
                    if !one.declines {
                        return all;
                    }
                }
                Outcomes { declines: true, ..all }
            }
            NodeKind::Compare(left, Operator::Equal | Operator::Unequal, right) => {
                match left.has_value() && right.has_value() {
                    true => Outcomes::EITHER,
                    false => Outcomes::ANY,
                }
            }
            NodeKind::Compare(
                _,
                Operator::Less
                | Operator::LessOrEqual
                | Operator::Greater
                | Operator::GreaterOrEqual,
                _,
            ) => Outcomes::ANY,
        }
    }

    /// What may come of operands that must all hold, looked at one after the other.
    fn first_of(&self, operands: &[ConditionNode], scope: &Scope<'_>) -> Outcomes {
        let mut all = Outcomes::default();
        for operand in operands {
            let one = self.outcomes_of(operand, scope);
            (all.declines, all.fails) = (all.declines || one.declines, all.fails || one.fails);
            if !one.holds {
                return all;
            }
        }
        Outcomes { holds: true, ..all }
    }
}

impl ConditionNode {
    fn is_known(&self, scope: &Scope<'_>) -> bool {
        match &self.kind {
            NodeKind::Literal(_) => true,
            NodeKind::Expression(expression) => expression.is_known(scope),
            NodeKind::Not(operand) => operand.is_known(scope),
            NodeKind::And(operands) | NodeKind::Or(operands) => {
                operands.iter().all(|operand| operand.is_known(scope))
            }
            NodeKind::Compare(left, _, right) => left.is_known(scope) && right.is_known(scope),
        }
    }
}

impl Computation {
    /// The value, unknown where it reads something unknown, and what it hangs on whether there is
    /// one.
    ///
    /// # Errors
    /// As [`eval`](Self::eval), where nothing unknown is read.
    pub(crate) fn eval_in_doubt(&self, scope: &Scope<'_>) -> Result<(Value, Doubt), EvalError> {
        let mut doubt = Doubt::default();
        self.each_expression(&mut |expression| {
            // What can't be told may be of a kind that nothing can be computed from.
            if !expression.is_known(scope) {
                doubt = doubt.or(Doubt::of(expression.root()));
            }
        });
        match doubt.is_any() {
            true => Ok((unknown(), doubt)),
            false => Ok((self.eval(scope)?, doubt)),
        }
    }
}

impl Template {
    /// The value, unknown in those places that read something unknown, and what it hangs on
    /// whether there is one.
    ///
    /// # Errors
    /// As [`render`](Self::render), where nothing unknown is read.
    pub(crate) fn render_in_doubt(&self, scope: &Scope<'_>) -> Result<(Value, Doubt), EvalError> {
        let mut doubt = Doubt::default();
        let value = self.node.in_doubt(scope, &mut doubt)?;
        Ok((value, doubt))
    }
}

impl TemplateNode {
    fn in_doubt(&self, scope: &Scope<'_>, doubt: &mut Doubt) -> Result<Value, EvalError> {
        match self {
            TemplateNode::Literal(value) => Ok(value.clone()),
            TemplateNode::Expression(expression) => match expression.look(scope) {
                Look::Value(value) => Ok(value.clone()),
                Look::Known => Ok(expression.require(scope)?.into_owned()),
                Look::Unknown => {
                    *doubt = doubt.or(Doubt::of(expression.root()));
                    Ok(unknown())
                }
            },
            TemplateNode::Text { parts, .. } => {
                let mut is_known = true;
                for part in parts {
                    if let Part::Embedded { expression, .. } = part {
                        is_known &= expression.is_known(scope);
                        *doubt = doubt.or(expression.doubt(scope));
                    }
                }
                match is_known {
                    true => Ok(self.eval(scope)?.into_owned()),
                    false => Ok(unknown()),
                }
            }
            TemplateNode::Array(items) => {
                let items: Result<Vec<Value>, EvalError> =
                    items.iter().map(|item| item.in_doubt(scope, doubt)).collect();
                Ok(Value::Array(items?))
            }
            TemplateNode::Object(members) => {
                let mut object = Map::with_capacity(members.len());
                for (key, node) in members {
                    object.insert(key.clone(), node.in_doubt(scope, doubt)?);
                }
                Ok(Value::Object(object))
            }
            TemplateNode::Default { value, default, .. } => {
                let mut may_lack = Doubt::default();
                match value.in_doubt(scope, &mut may_lack) {
                    Ok(value) if !may_lack.is_any() => Ok(value),
                    // Either of them.
                    Ok(_) => default.in_doubt(scope, doubt).map(|_| unknown()),
                    Err(_) => default.in_doubt(scope, doubt),
                }
            }
            TemplateNode::Query { query, from, .. } => {
                let from = from.in_doubt(scope, doubt)?;
                Ok(match holds_unknown(&from) {
                    true => unknown(),
                    false => query.run(&from),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Dialect;
    use serde_json::json;

    const CONTEXT: &str = r#"{"$unknown": null, "n": 1, "who": {"$unknown": null},
        "in": {"$unknown": null, "a": true}, "list": [1, {"$unknown": null}], "plain": {"x": 2}}"#;

    fn outcomes(text: &str) -> String {
        let condition = Condition::parse_in(Dialect::Machine, text).expect("it is a condition");
        let (context, event) = (serde_json::from_str(CONTEXT).expect("it is JSON"), unknown());
        let Outcomes { holds, declines, fails } =
            condition.outcomes(&Scope::new().context(&context).event(&event));
        let words = [(holds, "holds"), (declines, "declines"), (fails, "fails")];
        words
            .into_iter()
            .filter(|(may, _)| *may)
            .map(|(_, word)| word)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_condition_is_told_as_far_as_what_it_reads_is_known() {
        let table = [
            ("$context.n == 1", "holds"),
            ("$context.n > 1", "declines"),
            ("$context.n", "fails"),
            ("$context.list[0] == 1", "holds"),
            ("$context.plain.y == null", "holds"),
            ("$context.in.a", "holds"),
            ("$context.m == 1", "holds declines"),
            ("$context.who.name == 'x'", "holds declines"),
            ("$context.in == 1", "holds declines"),
            ("$event > 1", "holds declines fails"),
            ("$event.x", "holds declines fails"),
            ("$event.x == 1 && $context.n > 1", "declines"),
            ("$event.x && $context.n > 1", "declines fails"),
            ("$context.n > 1 && $event.x", "declines"),
            ("$event.x == 1 || $context.n == 1", "holds"),
            ("$event.x || $context.n == 1", "holds fails"),
            ("$context.n > 1 || $event.x == 1", "holds declines"),
            ("!($event.x == 1 && $context.n > 1)", "holds"),
            ("($event.x > 1) == true", "holds declines fails"),
        ];
        for (text, expected) in table {
            assert_eq!(outcomes(text), expected, "{text}");
        }
    }

    fn rendered(template: Value) -> Result<(Value, bool, bool), String> {
        let template = Template::parse_in(Dialect::Machine, &template).expect("it is a template");
        let (context, event) = (serde_json::from_str(CONTEXT).expect("it is JSON"), unknown());
        let scope = Scope::new().context(&context).event(&event);
        let (value, doubt) = template.render_in_doubt(&scope).map_err(|error| error.to_string())?;
        Ok((value, doubt.context, doubt.event))
    }

    #[test]
    fn a_template_is_unknown_only_where_it_reads_something_unknown() {
        let any = unknown;
        let table = [
            (json!({"a": "$context.n", "b": 1}), Ok((json!({"a": 1, "b": 1}), false, false))),
            (json!(["$event.x", "$context.n"]), Ok((json!([any(), 1]), false, true))),
            (json!("$context.who"), Ok((any(), false, false))),
            (json!("$context.who.name"), Ok((any(), true, false))),
            (json!("n is {$context.n}"), Ok((json!("n is 1"), false, false))),
            (json!("it is {$event.x}"), Ok((any(), false, true))),
            (json!({"value": "$event.x", "default": 0}), Ok((any(), false, false))),
            (json!({"value": "$context.plain.y", "default": 0}), Ok((json!(0), false, false))),
            (json!({"jsonpath": "$[0]", "from": "$context.list"}), Ok((any(), false, false))),
            (json!("$context.plain.y"), Err(())),
        ];
        for (template, expected) in table {
            assert_eq!(rendered(template.clone()).map_err(drop), expected, "{template}");
        }
    }

    #[test]
    fn a_computation_is_done_or_its_result_is_unknown() {
        let context = serde_json::from_str(CONTEXT).expect("it is JSON");
        let event = unknown();
        let scope = Scope::new().context(&context).event(&event);
        let computed = |text| {
            let computation = Computation::parse_in(Dialect::Machine, text).expect("it is one");
            computation.eval_in_doubt(&scope)
        };
        assert_eq!(computed("$context.n + 1"), Ok((json!(2), Doubt::default())));
        let of_event = Doubt { event: true, context: false };
        assert_eq!(computed("$context.n + $event.x"), Ok((unknown(), of_event)));
        let of_both = Doubt { event: true, context: true };
        assert_eq!(computed("$context.who + $event.x"), Ok((unknown(), of_both)));
        assert!(computed("$context.plain + 1").is_err());
    }
}
