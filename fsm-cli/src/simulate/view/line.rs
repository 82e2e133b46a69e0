//! What was typed: the name of an event is always that event; what is none is read as a number, as
//! a command, or as items. `:` before a command says that no event is meant.

use crate::simulate::assume::assumption;
use crate::simulate::item::{self, Item, ItemError};

/// A line, read.
#[derive(Debug)]
pub(super) enum Line {
    /// Show where the machine stands.
    Look,
    /// Take a step back.
    Back,
    /// Let time pass to the next timer.
    NextTimer,
    /// Show the path.
    Path,
    /// Show the whole context.
    Context,
    /// Show the drawing.
    Dot,
    /// Write the drawing to this file.
    Draw(String),
    /// Show what can be typed.
    Help,
    /// End the conversation.
    Quit,
    /// The choice of this number, from 1.
    Number(usize),
    /// Let a guard answer so.
    Assume {
        /// The guard's name.
        name: String,
        /// What it answers.
        holds: bool,
    },
    /// Let these happen.
    Items(Vec<Item>),
    /// None of that.
    Unreadable(ItemError),
}

impl Line {
    pub(super) fn read(typed: &str, is_event: impl Fn(&str) -> bool) -> Self {
        let typed = typed.trim();
        if typed.is_empty() {
            return Line::Look;
        }
        if !is_event(typed)
            && let Some(command) = command(typed.strip_prefix(':').unwrap_or(typed))
        {
            return command;
        }
        match item::list(typed, is_event) {
            Ok(items) => Line::Items(items),
            Err(error) => Line::Unreadable(error),
        }
    }
}

fn command(word: &str) -> Option<Line> {
    let command = match word {
        "b" | "back" => Line::Back,
        "t" | "time" => Line::NextTimer,
        "p" | "path" => Line::Path,
        "c" | "context" => Line::Context,
        "d" | "dot" => Line::Dot,
        "?" | "h" | "help" => Line::Help,
        "q" | "quit" | "exit" => Line::Quit,
        _ => {
            if let Some((name, holds)) = word.strip_prefix("assume ").and_then(assumption) {
                return Some(Line::Assume { name, holds });
            }
            let file = word.strip_prefix("d ").or_else(|| word.strip_prefix("dot "));
            if let Some(file) = file {
                return Some(Line::Draw(file.trim().to_owned()));
            }
            return word.parse().ok().map(Line::Number);
        }
    };
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_never_mistaken_for_a_command() {
        let is_event = |name: &str| ["b", "7"].contains(&name);
        assert!(matches!(Line::read("b", is_event), Line::Items(_)));
        assert!(matches!(Line::read(":b", is_event), Line::Back));
        assert!(matches!(Line::read("7", is_event), Line::Items(_)));
        assert!(matches!(Line::read("d a b.svg", |name| name == "d a b.svg"), Line::Items(_)));
        assert!(matches!(Line::read("d a b.svg", is_event), Line::Draw(file) if file == "a b.svg"));
        assert!(matches!(Line::read("8", is_event), Line::Number(8)));
        assert!(matches!(Line::read(" t ", is_event), Line::NextTimer));
        assert!(matches!(Line::read("push=", is_event), Line::Unreadable(_)));
    }
}
