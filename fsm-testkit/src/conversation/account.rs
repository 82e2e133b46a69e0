//! How a conversation went, for people.

use std::fmt;

use super::body;
use super::comparison::Comparison;
use super::incoming::{Incoming, pairs};
use super::request::parameter_line;
use super::script::Exchange;
use super::secrets::SecretNames;

/// So many mishaps are told after the first.
const FOLLOWING: usize = 8;

/// How a conversation went that went wrong: what was expected, how far it came, and what did not
/// fit. `Display` is the report; secrets are left out of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    exchanges: Vec<Line>,
    mishaps: Vec<Mishap>,
}

/// One exchange of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// Its number, if it has a place in the order.
    number: Option<usize>,
    request: String,
    reply: String,
    times: String,
    least: u32,
    most: Option<u32>,
    came: u32,
}

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// A request that is not the one that was expected.
    DoesNotFit {
        place: usize,
        came: String,
        /// The exchange that it misses by the least.
        number: usize,
        expected: String,
        /// How many exchanges could have come.
        choices: usize,
        comparison: Comparison,
    },
    /// A request after all that were expected.
    NothingExpected { place: usize, came: String, comparison: Comparison },
    /// What came is no request.
    NoRequest { why: String },
    /// Code of the script panicked.
    Panicked { request: String },
    /// The answer that was made can't be sent.
    NoAnswer { request: String, why: String },
}

impl Account {
    pub(super) fn new(exchanges: &[Exchange], anywhere: usize, mishaps: &[Mishap]) -> Self {
        let line = |(index, exchange): (usize, &Exchange)| Line {
            number: (index < anywhere).then_some(index + 1),
            request: exchange.request.line(),
            reply: exchange.reply.to_string(),
            times: exchange.times.to_string(),
            least: exchange.times.least,
            most: exchange.times.most,
            came: exchange.came,
        };
        let exchanges = exchanges.iter().enumerate().map(line).collect();
        Self { exchanges, mishaps: mishaps.to_vec() }
    }

    pub(super) fn went_wrong(&self) -> bool {
        !self.mishaps.is_empty() || self.missing().next().is_some()
    }

    fn missing(&self) -> impl Iterator<Item = &Line> {
        self.exchanges.iter().filter(|line| line.came < line.least)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the conversation went otherwise than its script\n")?;
        if self.exchanges.is_empty() {
            f.write_str("\n    no request is expected")?;
        }
        for line in &self.exchanges {
            write!(f, "\n{line}")?;
        }
        let Some((first, others)) = self.mishaps.split_first() else {
            return f.write_str("\n\nevery request that came was expected; others did not come");
        };
        write!(f, "\n\n{first}")?;
        // What follows the first is often its consequence.
        if !others.is_empty() {
            f.write_str("\n")?;
        }
        for mishap in others.iter().take(FOLLOWING) {
            write!(f, "\nthen {}", mishap.title())?;
        }
        match others.len().saturating_sub(FOLLOWING) {
            0 => Ok(()),
            more => write!(f, "\nand so on, {more} times more"),
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, request, reply, times, least, most, came } = self;
        let sign = match came {
            _ if came < least => '✘',
            0 => '·',
            _ => '✔',
        };
        let number = number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        write!(f, "  {sign} {number:>2}  {request} → {reply}")?;
        match (came, least, most) {
            (1, 1, Some(1)) => Ok(()),
            (0, 1, Some(1)) => write!(f, "   (did not happen)"),
            (came, ..) => write!(f, "   ({times}; came {came} times)"),
        }
    }
}

impl Mishap {
    /// What went wrong in one line.
    fn title(&self) -> String {
        match self {
            Self::DoesNotFit { place, came, number, expected, choices, .. } => {
                let nearest = format!("exchange {number}, `{expected}`");
                match choices {
                    1 => format!("request {place}, `{came}`, does not fit {nearest}"),
                    count => format!(
                        "request {place}, `{came}`, fits none of the {count} that could come; \
                         the nearest is {nearest}"
                    ),
                }
            }
            Self::NothingExpected { place, came, .. } => {
                format!("request {place}, `{came}`, came when nothing more was expected")
            }
            Self::NoRequest { why } => format!("something came that is no request: {why}"),
            Self::Panicked { request } => {
                format!("code of the script panicked when it was asked about `{request}`")
            }
            Self::NoAnswer { request, why } => {
                format!("the answer that was made for `{request}` can't be sent: {why}")
            }
        }
    }
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.title();
        match self {
            Self::DoesNotFit { comparison, .. } => {
                write!(f, "{title}:\n\n  - expected\n  + came\n{comparison}")
            }
            Self::NothingExpected { comparison, .. } => write!(f, "{title}:\n{comparison}"),
            Self::NoRequest { .. } | Self::Panicked { .. } | Self::NoAnswer { .. } => {
                f.write_str(&title)
            }
        }
    }
}

/// Headers that every client sends, and that tell nothing of a request.
const USUAL: [&str; 6] =
    ["accept", "accept-encoding", "connection", "content-length", "host", "user-agent"];

impl Comparison {
    /// A request with all that is told of it, and nothing to compare it with.
    pub(super) fn of(came: &Incoming, secrets: &SecretNames) -> Self {
        let mut comparison = Self::default();
        comparison.came(came.line());
        for (name, value) in pairs(&came.query) {
            comparison.came(parameter_line("query", &name, &value, secrets));
        }
        for (name, value) in &came.headers {
            if !USUAL.contains(&name.as_str()) {
                let value = String::from_utf8_lossy(value.as_bytes());
                comparison.came(parameter_line("header", name.as_str(), &value, secrets));
            }
        }
        if !came.body.is_empty() {
            comparison.came("body");
        }
        body::show(came, secrets, &mut comparison);
        comparison
    }
}
