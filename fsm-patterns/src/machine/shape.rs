//! Which kind of state it is: told by its keys, of which not all go together.

use crate::file::fields::{Fields, Wrong};
use crate::file::tree::Kind;

/// What the keys of a state make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Simple,
    Choice,
    Final,
    Composite,
    Parallel,
    Work,
    Machine,
}

impl Form {
    fn words(self) -> &'static str {
        match self {
            Form::Simple => "a state that holds nothing and does no work",
            Form::Choice => "a choice (`always`), which goes on at once",
            Form::Final => "a final state, which is the end",
            Form::Composite => "a state with `states`",
            Form::Parallel => "a parallel state",
            Form::Work => "a state with `invoke`",
            Form::Machine => "a state with `machine`",
        }
    }

    /// The keys that have a meaning there.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Form::Simple => &["on", "after", "entry", "exit", "validate"],
            Form::Choice => &["always", "entry", "exit", "validate"],
            Form::Final => &["final", "entry", "validate"],
            Form::Composite => &[
                "on",
                "after",
                "entry",
                "exit",
                "validate",
                "initial",
                "states",
                "done",
                "failed",
                "timed_out",
            ],
            Form::Parallel => {
                &["on", "after", "entry", "exit", "validate", "parallel", "states", "done"]
            }
            Form::Work => &[
                "on",
                "after",
                "entry",
                "exit",
                "validate",
                "invoke",
                "done",
                "failed",
                "timed_out",
            ],
            Form::Machine => &[
                "on",
                "after",
                "entry",
                "exit",
                "validate",
                "machine",
                "in",
                "out",
                "done",
                "failed",
                "timed_out",
            ],
        }
    }

    /// What to do about a key that has none.
    fn hint(self, key: &str) -> &'static str {
        match (self, key) {
            (Form::Choice, "on" | "after" | "invoke" | "done" | "failed" | "timed_out") => {
                "only choices go on at once; lead `always` to a state that waits"
            }
            (Form::Choice | Form::Final, "states" | "initial" | "parallel" | "machine") => {
                "lay the states into a state of their own"
            }
            (Form::Final, _) => "leave out `final: true`, or lead to another state",
            (Form::Parallel, "initial") => "all of its states are entered at once",
            (Form::Simple, "initial") => "it names one of `states`",
            (Form::Simple, "done" | "failed" | "timed_out") => {
                "it follows an `invoke`, a `machine`, or the end of `states`"
            }
            (Form::Simple, "in" | "out") => "it belongs to a `machine`",
            (Form::Composite | Form::Parallel, "invoke") => {
                "give the work a state of its own within"
            }
            (Form::Composite | Form::Parallel, "machine") => {
                "give the machine a state of its own within"
            }
            _ => "give it a state of its own",
        }
    }
}

/// Tells the form of a state, and reports the keys that have no meaning in it.
pub(super) fn of(fields: &mut Fields<'_, '_>) -> Form {
    let flag = |fields: &mut Fields<'_, '_>, key| {
        fields.optional(key, crate::file::values::boolean).unwrap_or(false)
    };
    let is_final = flag(fields, "final");
    let is_parallel = flag(fields, "parallel");
    let has = |key: &str| fields.node(key).is_some();
    let form = if is_final {
        Form::Final
    } else if has("always") {
        Form::Choice
    } else if has("machine") {
        Form::Machine
    } else if is_parallel {
        Form::Parallel
    } else if has("states") {
        Form::Composite
    } else if has("invoke") {
        Form::Work
    } else {
        Form::Simple
    };
    let out_of_place: Vec<&str> = super::keys::STATE
        .known
        .iter()
        .copied()
        .filter(|key| has(key) && !form.keys().contains(key))
        // `final: false` and `parallel: false` say what holds anyway; what is neither true nor
        // false is reported already.
        .filter(|key| match fields.node(key).map(|node| &node.kind) {
            Some(Kind::Bool(true)) => true,
            Some(Kind::Broken) | None => false,
            Some(_) => !matches!(*key, "final" | "parallel"),
        })
        .collect();
    for key in out_of_place {
        let wrong = Wrong::of(format!("has no place in {}", form.words()));
        fields.wrong(key, wrong.hint(form.hint(key)).key());
    }
    if form == Form::Parallel && fields.node("states").is_none() {
        fields.missing("states", "the regions that are entered at once");
    }
    form
}
