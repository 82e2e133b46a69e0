//! What was typed.

use fsm_core::Breakpoint;
use fsm_patterns::FlowContext;

/// A line, read. A command may be cut to its first letter where that says which it is.
#[derive(Debug)]
pub(super) enum Line {
    Step,
    Continue,
    Where,
    Steps,
    Show(String),
    History,
    Break(Breakpoint<FlowContext>),
    Breaks,
    Delete(u64),
    Cancel,
    Help,
    /// A command that lacks what it is about, or has something else there; and what that is.
    Unfinished {
        command: &'static str,
        needs: &'static str,
    },
    Unknown(String),
}

impl Line {
    pub(super) fn read(typed: &str) -> Self {
        let (word, rest) = typed.trim().split_once(' ').unwrap_or((typed.trim(), ""));
        let rest = rest.trim();
        match (word, rest) {
            ("" | "s" | "step", "") => Line::Step,
            ("c" | "continue", "") => Line::Continue,
            ("w" | "where", "") => Line::Where,
            ("steps", "") => Line::Steps,
            ("show", name) if !name.is_empty() => Line::Show(name.to_owned()),
            ("history", "") => Line::History,
            ("b" | "break", "on failure") => Line::Break(Breakpoint::failure()),
            ("b" | "break", name) if !name.is_empty() => Line::Break(Breakpoint::entered(name)),
            ("breaks", "") => Line::Breaks,
            ("delete", number) if number.parse::<u64>().is_ok() => {
                Line::Delete(number.parse().unwrap_or_default())
            }
            ("cancel" | "q" | "quit", "") => Line::Cancel,
            ("h" | "?" | "help", "") => Line::Help,
            ("show", _) => Line::Unfinished { command: "show", needs: "the name of a step" },
            ("b" | "break", _) => {
                let needs = "the name of a state, or `on failure`";
                Line::Unfinished { command: "break", needs }
            }
            ("delete", _) => {
                let needs = "the number of a breakpoint; `breaks` lists them";
                Line::Unfinished { command: "delete", needs }
            }
            _ => Line::Unknown(typed.trim().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn commands_are_read_and_what_is_none_is_said_to_be_none() {
        assert!(matches!(Line::read(""), Line::Step));
        assert!(matches!(Line::read(" c "), Line::Continue));
        assert!(matches!(Line::read("show pay"), Line::Show(name) if name == "pay"));
        let words = |typed| match Line::read(typed) {
            Line::Break(breakpoint) => breakpoint.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(words("b pay"), "`pay` is entered");
        assert_eq!(words("break on failure"), "something fails");
        assert!(matches!(Line::read("delete 7"), Line::Delete(7)));
        for typed in ["step 3", "where to", "shwo pay"] {
            assert!(matches!(Line::read(typed), Line::Unknown(_)), "{typed}");
        }
        for typed in ["delete pay", "delete", "show", "break", "b"] {
            assert!(matches!(Line::read(typed), Line::Unfinished { .. }), "{typed}");
        }
    }
}
