//! Reads a condition, by recursive descent; the grammar is told in [`super::condition`].

use serde_json::{Number, Value};

use super::condition::{Node, NodeKind};
use super::cursor::Cursor;
use super::error::ExprError;
use super::expression::Expression;
use super::limits::{self, MAX_DEPTH, Quoting};
use super::operator::{EQUALITY, ORDER, Operator};
use super::path::{self, End};
use super::root::Dialect;

/// Reads a whole condition.
pub(super) fn parse(dialect: Dialect, text: &str) -> Result<Node, ExprError> {
    limits::check(text, Quoting::Doubled)?;
    let mut parser = Parser { dialect, cursor: Cursor::new(text) };
    if parser.cursor.rest().is_empty() {
        return Err(ExprError::new(0..text.len(), "the condition is empty")
            .hint("for example `$data.amount > 100`; leave the key out if there is none"));
    }
    let node = parser.or()?;
    if parser.cursor.rest().is_empty() { Ok(node) } else { Err(parser.unexpected()) }
}

struct Parser<'t> {
    dialect: Dialect,
    cursor: Cursor<'t>,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Node, ExprError> {
        let mut operands = vec![self.and()?];
        while self.cursor.take("||") {
            operands.push(self.and()?);
        }
        Ok(joined(operands, NodeKind::Or))
    }

    fn and(&mut self) -> Result<Node, ExprError> {
        let mut operands = vec![self.equality()?];
        while self.cursor.take("&&") {
            operands.push(self.equality()?);
        }
        Ok(joined(operands, NodeKind::And))
    }

    fn equality(&mut self) -> Result<Node, ExprError> {
        let left = self.order()?;
        let Some(operator) = self.cursor.take_one(&EQUALITY) else { return Ok(left) };
        let right = self.order()?;
        self.refuse_chain(&EQUALITY)?;
        Ok(compared(left, operator, right))
    }

    fn order(&mut self) -> Result<Node, ExprError> {
        let left = self.unary()?;
        let Some(operator) = self.cursor.take_one(&ORDER) else { return Ok(left) };
        let right = self.unary()?;
        self.refuse_chain(&ORDER)?;
        Ok(compared(left, operator, right))
    }

    fn refuse_chain(&mut self, operators: &[(&str, Operator)]) -> Result<(), ExprError> {
        let at = self.cursor.at;
        match self.cursor.take_one(operators) {
            None => Ok(()),
            Some(operator) => {
                let symbol = operator.symbol();
                let error = ExprError::new(at..at + symbol.len(), "comparisons cannot be chained");
                Err(error.hint("put `&&` between two comparisons, or parentheses around one"))
            }
        }
    }

    fn unary(&mut self) -> Result<Node, ExprError> {
        let mut negations = Vec::new();
        while self.cursor.rest().starts_with('!') && !self.cursor.rest().starts_with("!=") {
            negations.push(self.cursor.at);
            if negations.len() > MAX_DEPTH {
                return Err(limits::too_deep(self.cursor.at));
            }
            self.cursor.take("!");
        }
        let mut node = self.primary()?;
        while let Some(start) = negations.pop() {
            let span = start..node.span.end;
            node = Node { span, kind: NodeKind::Not(Box::new(node)) };
        }
        Ok(node)
    }

    fn primary(&mut self) -> Result<Node, ExprError> {
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        let (kind, length) = match rest.chars().next() {
            Some('(') => return self.parentheses(),
            Some('$') => {
                let (expression, length) =
                    Expression::parse_prefix(self.dialect, rest, End::Operand)
                        .map_err(|error| error.shifted(start))?;
                (NodeKind::Expression(expression), length)
            }
            Some('\'') => {
                let (text, length) = path::quoted(rest).map_err(|error| error.shifted(start))?;
                (NodeKind::Literal(Value::String(text)), length)
            }
            Some(_) => self.word()?,
            None => {
                return Err(ExprError::new(
                    start..start,
                    "the condition ends where a value is due",
                ));
            }
        };
        self.cursor.at += length;
        self.cursor.skip_space();
        Ok(Node { span: start..start + length, kind })
    }

    fn parentheses(&mut self) -> Result<Node, ExprError> {
        let start = self.cursor.at;
        self.cursor.take("(");
        let inner = self.or()?;
        let close = self.cursor.at;
        if !self.cursor.take(")") {
            if !self.cursor.rest().is_empty() {
                return Err(self.unexpected());
            }
            return Err(ExprError::new(start..start + 1, "the parenthesis is not closed"));
        }
        Ok(Node { span: start..close + 1, kind: inner.kind })
    }

    /// A number, `true`, `false`, or `null`.
    fn word(&self) -> Result<(NodeKind, usize), ExprError> {
        let rest = self.cursor.rest();
        let is_part = |character: char| character.is_alphanumeric() || "_.+-".contains(character);
        let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        let word = &rest[..length];
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ if word
                .starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) =>
            {
                self.number(word)?
            }
            _ => return Err(self.unexpected()),
        };
        Ok((NodeKind::Literal(value), length))
    }

    /// A number as JSON writes it, in the range of its integers or of a double.
    fn number(&self, word: &str) -> Result<Value, ExprError> {
        word.parse::<Number>().map(Value::Number).map_err(|_| {
            let span = self.cursor.at..self.cursor.at + word.len();
            ExprError::new(span, format!("`{word}` is no number"))
                .hint("numbers are written as in JSON, as in `-1.5e3`; there is no arithmetic")
        })
    }

    /// The error for what stands here and should not.
    fn unexpected(&self) -> ExprError {
        let rest = self.cursor.rest();
        let is_word = |character: char| character.is_alphanumeric() || "_-.".contains(character);
        let word_length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let first_length = rest.chars().next().map_or(0, char::len_utf8);
        let length = word_length.max(first_length);
        let word = &rest[..length];
        let message = format!("`{}` is unexpected", word.escape_debug());
        let error = ExprError::new(self.cursor.at..self.cursor.at + length, message);
        match word {
            "\"" => error.hint("strings stand in single quotes: 'text'"),
            "=" => error.hint("did you mean `==`?"),
            "&" => error.hint("did you mean `&&`?"),
            "|" => error.hint("did you mean `||`?"),
            "and" | "AND" => error.hint("did you mean `&&`?"),
            "or" | "OR" => error.hint("did you mean `||`?"),
            "not" | "NOT" => error.hint("did you mean `!`?"),
            "True" | "TRUE" => error.hint("did you mean `true`?"),
            "False" | "FALSE" => error.hint("did you mean `false`?"),
            "None" | "nil" | "undefined" | "NULL" => error.hint("did you mean `null`?"),
            ")" => error.hint("there is no `(` for it"),
            "+" | "*" | "/" | "%" => error.hint("there is no arithmetic in conditions"),
            "contains" | "matches" | "in" | "like" => {
                error.hint("the operators are `==`, `!=`, `<`, `<=`, `>`, `>=`, `&&`, `||`, `!`")
            }
            _ if word.starts_with(char::is_alphabetic) => error.hint(format!(
                "a string stands in single quotes: '{word}'; a value begins with `$`"
            )),
            _ => error.hint("the operators are `==`, `!=`, `<`, `<=`, `>`, `>=`, `&&`, `||`, `!`"),
        }
    }
}

/// The only operand itself, or all of them under `wrap`.
fn joined(mut operands: Vec<Node>, wrap: fn(Vec<Node>) -> NodeKind) -> Node {
    if operands.len() == 1 {
        return operands.remove(0);
    }
    let start = operands.first().map_or(0, |first| first.span.start);
    let end = operands.last().map_or(0, |last| last.span.end);
    Node { span: start..end, kind: wrap(operands) }
}

fn compared(left: Node, operator: Operator, right: Node) -> Node {
    let span = left.span.start..right.span.end;
    Node { span, kind: NodeKind::Compare(Box::new(left), operator, Box::new(right)) }
}
