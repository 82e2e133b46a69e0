//! Reads a computation, by recursive descent; the grammar is told in [`super::computation`].

use serde_json::{Number, Value};

use super::arithmetic::Sign;
use super::computation::{Node, NodeKind};
use super::cursor::Cursor;
use super::error::ExprError;
use super::expression::Expression;
use super::limits::{self, MAX_DEPTH, Quoting};
use super::operator::{EQUALITY, ORDER, Operator};
use super::path::{self, End};
use super::root::Dialect;

const SUM: [(&str, Sign); 2] = [("+", Sign::Plus), ("-", Sign::Minus)];
const PRODUCT: [(&str, Sign); 3] = [("*", Sign::Times), ("/", Sign::Over), ("%", Sign::Modulo)];

/// Makes a part of the operand behind a sign.
type Wrap = fn(Box<Node>) -> NodeKind;

/// Reads a whole computation.
pub(super) fn parse(dialect: Dialect, text: &str) -> Result<Node, ExprError> {
    limits::check(text, Quoting::Doubled)?;
    let mut parser = Parser { dialect, cursor: Cursor::new(text) };
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
        let mut operands = vec![self.comparison(&EQUALITY)?];
        while self.cursor.take("&&") {
            operands.push(self.comparison(&EQUALITY)?);
        }
        Ok(joined(operands, NodeKind::And))
    }

    /// `a == b`, whose sides may be `c < d`.
    fn comparison(&mut self, relations: &[(&str, Operator)]) -> Result<Node, ExprError> {
        let left = self.side(relations)?;
        let Some(relation) = self.cursor.take_one(relations) else { return Ok(left) };
        let right = self.side(relations)?;
        let at = self.cursor.at;
        if let Some(again) = self.cursor.take_one(relations) {
            let span = at..at + again.symbol().len();
            return Err(ExprError::new(span, "comparisons cannot be chained")
                .hint("put `&&` between two comparisons, or parentheses around one"));
        }
        let span = left.span.start..right.span.end;
        Ok(Node { span, kind: NodeKind::Compare(Box::new(left), relation, Box::new(right)) })
    }

    fn side(&mut self, relations: &[(&str, Operator)]) -> Result<Node, ExprError> {
        match relations.len() == EQUALITY.len() {
            true => self.comparison(&ORDER),
            false => self.sum(),
        }
    }

    fn sum(&mut self) -> Result<Node, ExprError> {
        let first = self.product()?;
        let mut rest = Vec::new();
        while let Some(sign) = self.sign(&SUM) {
            rest.push((sign, self.product()?));
        }
        Ok(chain(first, rest))
    }

    fn product(&mut self) -> Result<Node, ExprError> {
        let first = self.unary()?;
        let mut rest = Vec::new();
        while let Some(sign) = self.sign(&PRODUCT) {
            rest.push((sign, self.unary()?));
        }
        Ok(chain(first, rest))
    }

    /// A sign with white space on both sides.
    fn sign(&mut self, signs: &[(&str, Sign)]) -> Option<Sign> {
        let is_apart = self.cursor.text[..self.cursor.at].ends_with(char::is_whitespace);
        let (symbol, sign) =
            signs.iter().find(|(symbol, _)| self.cursor.rest().starts_with(symbol))?;
        let goes_on = self.cursor.rest()[symbol.len()..].starts_with(char::is_whitespace);
        (is_apart && goes_on && self.cursor.take(symbol)).then_some(*sign)
    }

    fn unary(&mut self) -> Result<Node, ExprError> {
        let mut prefixes: Vec<(usize, Wrap)> = Vec::new();
        loop {
            let rest = self.cursor.rest();
            let behind = rest.strip_prefix('-').unwrap_or_default();
            let is_number = behind.starts_with(|character: char| character.is_ascii_digit());
            let (symbol, wrap): (_, Wrap) = match rest.chars().next() {
                Some('!') if !rest.starts_with("!=") => ("!", NodeKind::Not),
                Some('-') if !is_number => ("-", NodeKind::Negative),
                _ => break,
            };
            if prefixes.len() == MAX_DEPTH {
                return Err(limits::too_deep(self.cursor.at));
            }
            prefixes.push((self.cursor.at, wrap));
            self.cursor.take(symbol);
        }
        let mut node = self.primary()?;
        while let Some((start, wrap)) = prefixes.pop() {
            let span = start..node.span.end;
            node = Node { span, kind: wrap(Box::new(node)) };
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
            None => return Err(ExprError::new(start..start, "it ends where a value is due")),
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
            _ if word.starts_with(|first: char| first.is_ascii_digit() || first == '-') => {
                Value::Number(self.number(word)?)
            }
            _ => return Err(self.unexpected()),
        };
        Ok((NodeKind::Literal(value), length))
    }

    fn number(&self, word: &str) -> Result<Number, ExprError> {
        word.parse::<Number>().map_err(|_| {
            ExprError::new(
                self.cursor.at..self.cursor.at + word.len(),
                format!("`{word}` is no number"),
            )
            .hint("numbers are written as in JSON, and signs stand between spaces: `1 + 2`")
        })
    }

    /// The error for what stands here and should not.
    fn unexpected(&self) -> ExprError {
        let rest = self.cursor.rest();
        let is_word = |character: char| character.is_alphanumeric() || "_-.".contains(character);
        let word_length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let length = word_length.max(rest.chars().next().map_or(0, char::len_utf8));
        let word = &rest[..length];
        let message = format!("`{}` is unexpected", word.escape_debug());
        let error = ExprError::new(self.cursor.at..self.cursor.at + length, message);
        match word {
            "=" => error.hint("did you mean `==`?"),
            "&" => error.hint("did you mean `&&`?"),
            "|" => error.hint("did you mean `||`?"),
            "\"" => error.hint("strings stand in single quotes: 'text'"),
            _ if word.starts_with(['+', '-', '*', '/', '%']) => {
                error.hint("signs stand between spaces: `$context.a + 1`")
            }
            _ => error.hint(
                "a computation is made of `+ - * / %` between spaces, comparisons, `&&`, `||`, \
                 and `!`; inside a text write `{$context.name}`",
            ),
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

fn chain(first: Node, rest: Vec<(Sign, Node)>) -> Node {
    let Some((_, last)) = rest.last() else { return first };
    let span = first.span.start..last.span.end;
    Node { span, kind: NodeKind::Chain(Box::new(first), rest) }
}
