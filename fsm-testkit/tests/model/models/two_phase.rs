//! Two-phase commit, as in Gray and Lamport, "Consensus on Transaction Commit" (2004): resource
//! managers, a transaction manager, and messages that arrive in any order or never.

use std::collections::BTreeSet;

use fsm_testkit::model::{Model, Property};

/// So many resource managers.
pub(crate) struct TwoPhase {
    pub managers: usize,
    /// The one edge that is wrong in the mutation: who has prepared may still give up by itself.
    pub may_desert: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub managers: Vec<Manager>,
    pub coordinator: Coordinator,
    /// Of whom the coordinator knows that they are prepared.
    pub heard: Vec<bool>,
    pub messages: BTreeSet<Message>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Manager {
    Working,
    Prepared,
    Committed,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coordinator {
    Waiting,
    Committed,
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Message {
    Prepared(usize),
    Commit,
    Abort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Commit,
    Abort,
    HearPrepared(usize),
    Prepare(usize),
    GiveUp(usize),
    HearCommit(usize),
    HearAbort(usize),
}

impl TwoPhase {
    pub(crate) fn begin(&self) -> State {
        State {
            managers: vec![Manager::Working; self.managers],
            coordinator: Coordinator::Waiting,
            heard: vec![false; self.managers],
            messages: BTreeSet::new(),
        }
    }

    /// Tells every action that is possible.
    pub(crate) fn actions(&self, state: &State, mut tell: impl FnMut(Action)) {
        let waits = state.coordinator == Coordinator::Waiting;
        if waits && state.heard.iter().all(|heard| *heard) {
            tell(Action::Commit);
        }
        if waits {
            tell(Action::Abort);
        }
        for (number, manager) in state.managers.iter().enumerate() {
            if waits && state.messages.contains(&Message::Prepared(number)) {
                tell(Action::HearPrepared(number));
            }
            if *manager == Manager::Working {
                tell(Action::Prepare(number));
            }
            if *manager == Manager::Working || self.may_desert && *manager == Manager::Prepared {
                tell(Action::GiveUp(number));
            }
            if state.messages.contains(&Message::Commit) {
                tell(Action::HearCommit(number));
            }
            if state.messages.contains(&Message::Abort) {
                tell(Action::HearAbort(number));
            }
        }
    }

    pub(crate) fn after(&self, state: &State, action: Action) -> State {
        let mut state = state.clone();
        match action {
            Action::Commit => {
                state.coordinator = Coordinator::Committed;
                state.messages.insert(Message::Commit);
            }
            Action::Abort => {
                state.coordinator = Coordinator::Aborted;
                state.messages.insert(Message::Abort);
            }
            Action::HearPrepared(number) => state.heard[number] = true,
            Action::Prepare(number) => {
                state.managers[number] = Manager::Prepared;
                state.messages.insert(Message::Prepared(number));
            }
            Action::GiveUp(number) | Action::HearAbort(number) => {
                state.managers[number] = Manager::Aborted;
            }
            Action::HearCommit(number) => state.managers[number] = Manager::Committed,
        }
        state
    }

    pub(crate) fn all(state: &State, manager: Manager) -> bool {
        state.managers.iter().all(|other| *other == manager)
    }

    pub(crate) fn is_consistent(state: &State) -> bool {
        let has = |manager| state.managers.contains(&manager);
        !(has(Manager::Aborted) && has(Manager::Committed))
    }
}

impl Model for TwoPhase {
    type State = State;
    type Action = Action;

    fn initial(&self) -> Vec<State> {
        vec![self.begin()]
    }

    fn steps(&self, state: &State, steps: &mut Vec<(Action, State)>) {
        self.actions(state, |action| steps.push((action, self.after(state, action))));
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::sometimes("all abort", |_, state| Self::all(state, Manager::Aborted)),
            Property::sometimes("all commit", |_, state| Self::all(state, Manager::Committed)),
            Property::always("all that are done agree", |_, state| Self::is_consistent(state)),
        ]
    }

    fn say_step(&self, _: &State, action: &Action) -> String {
        match action {
            Action::Commit => "the coordinator commits".to_owned(),
            Action::Abort => "the coordinator aborts".to_owned(),
            Action::HearPrepared(number) => format!("the coordinator hears of {number}"),
            Action::Prepare(number) => format!("{number} prepares"),
            Action::GiveUp(number) => format!("{number} gives up"),
            Action::HearCommit(number) => format!("{number} hears of the commit"),
            Action::HearAbort(number) => format!("{number} hears of the abort"),
        }
    }

    fn say_state(&self, state: &State) -> String {
        let words = state.managers.iter().map(|manager| format!("{manager:?}").to_lowercase());
        words.collect::<Vec<_>>().join(", ")
    }
}
