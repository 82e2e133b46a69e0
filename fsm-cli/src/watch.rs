//! A run as its user thinks of it: what happens to each endpoint.
//!
//! The kernel tells of tokens, states, and transitions; an endpoint `pay` has up to three states
//! (`pay.check`, `pay`, `pay.failed`), and two more if its call is made again and again (`pay.look`,
//! `pay.wait`). The call that undoes it (`pay.undo`) is told of as an endpoint of its own. A [`Watch`] puts both together and tells a [`Listener`].

use std::collections::BTreeMap;
use std::time::Duration;

use fsm_core::{
    Effect, Input, Kind, Move, Observer, Outcome, Phase, Snapshot, StateId, Ticket, Timestamp,
    Trace, Trigger,
};
use fsm_http::ErrorKind;
use fsm_patterns::{Flow, FlowContext, FlowEvent};

/// Something that happens to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// Its turn has come; it begins as soon as there is room.
    Entered,
    /// An attempt begins.
    Started { attempt: u32 },
    /// The attempt was not made: it waits for its turn at a rate limit, and is asked for again.
    Postponed { wait: Duration },
    /// The attempt succeeded. So many requests were sent by all attempts together, none for an
    /// answer out of the cache.
    Answered { http_status: u16, latency: Option<Duration>, requests: u32 },
    /// The attempt failed, after so many requests.
    Refused { kind: ErrorKind, http_status: Option<u16>, requests: u32 },
    /// There will be another attempt after a wait.
    Retrying { wait: Duration },
    /// It waits for some time.
    Sleeps { wait: Duration },
    /// The answer says that something is not done yet: the call is made again after a wait.
    AsksAgain { wait: Duration },
    /// It waits for a signal, for so long at most.
    Awaits { signal: String, limit: Option<Duration> },
    /// It is over.
    Ended(Ending),
}

/// How an endpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The call succeeded.
    Ok,
    /// The answer came out of the cache.
    Cached,
    /// The call failed, and the handler stood in for it.
    Recovered,
    /// The call was not made.
    Skipped,
    /// The call failed.
    Failed,
    /// The run's deadline came first.
    TimedOut,
    /// The run was stopped first.
    Cancelled,
}

impl Ending {
    /// The name, as in the result.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Ending::Ok => "ok",
            Ending::Cached => "cached",
            Ending::Recovered => "recovered",
            Ending::Skipped => "skipped",
            Ending::Failed => "failed",
            Ending::TimedOut => "timed_out",
            Ending::Cancelled => "cancelled",
        }
    }
}

/// Hears what happens in a run. Endpoints are numbered in declared order; the undo of each has its
/// number plus how many endpoints there are.
pub(crate) trait Listener {
    /// Something happens to an endpoint.
    fn happens(&mut self, endpoint: usize, happening: &Happening);

    /// The run goes from one state to another.
    fn moves(&mut self, from: &str, to: &str) {
        let _ = (from, to);
    }
}

/// Watches a run and tells its listener.
pub(crate) struct Watch<L> {
    flow: Flow,
    parts: Vec<Option<Part>>,
    under_way: BTreeMap<Ticket, usize>,
    /// The endpoint whose answer out of the cache the step under way brings.
    cached: Option<usize>,
    /// Endpoints that the step under way took away. Why, only the move after them tells.
    taken_away: Vec<usize>,
    pub(crate) listener: L,
}

/// What a state is to its endpoint.
#[derive(Clone, Copy, Debug)]
struct Part {
    endpoint: usize,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Decides whether the call is made.
    Check,
    /// The call, or what it waits for instead.
    Call,
    /// Decides what the answer, or the signal, means.
    Look,
    /// Waits until the call is made again.
    Wait,
    /// Decides what a failure leads to.
    Failure,
}

impl<L: Listener> Watch<L> {
    pub(crate) fn new(flow: &Flow, listener: L) -> Self {
        let graph = flow.graph();
        let mut parts = vec![None; graph.states().len()];
        let undos = flow.endpoints().len();
        for (endpoint, name) in flow.endpoints().enumerate() {
            if let Some(state) = graph.state(&format!("{name}.undo")) {
                parts[state.index()] = Some(Part { endpoint: undos + endpoint, role: Role::Call });
            }
            let states = [
                (name.to_owned(), Role::Call),
                (format!("{name}.check"), Role::Check),
                (format!("{name}.look"), Role::Look),
                (format!("{name}.wait"), Role::Wait),
                (format!("{name}.failed"), Role::Failure),
            ];
            for (state, role) in states {
                if let Some(state) = graph.state(&state) {
                    parts[state.index()] = Some(Part { endpoint, role });
                }
            }
        }
        Self {
            flow: flow.clone(),
            parts,
            under_way: BTreeMap::new(),
            cached: None,
            taken_away: Vec::new(),
            listener,
        }
    }

    fn part(&self, state: StateId) -> Option<Part> {
        self.parts.get(state.index()).copied().flatten()
    }

    /// Tells that an endpoint has come to a state in which something goes on, or is waited for.
    fn enters(&mut self, state: StateId) {
        let Some(Part { endpoint, role }) = self.part(state) else { return };
        let graph = self.flow.graph();
        let happening = match (role, graph.kind(state)) {
            (Role::Call, Kind::Delay(wait)) => Happening::Sleeps { wait },
            (Role::Wait, Kind::Delay(wait)) => Happening::AsksAgain { wait },
            (Role::Call, Kind::Signal) => {
                let (mut signal, mut limit) = (String::new(), None);
                for (_, edge) in graph.transitions().filter(|(_, edge)| edge.from() == state) {
                    match edge.trigger() {
                        Trigger::Event(event) => signal = graph.event_name(event).to_owned(),
                        Trigger::After(wait) => limit = Some(wait),
                        Trigger::Always | Trigger::Done | Trigger::Failed | Trigger::TimedOut => {}
                    }
                }
                Happening::Awaits { signal, limit }
            }
            (Role::Call, _) => Happening::Entered,
            (Role::Check | Role::Look | Role::Wait | Role::Failure, _) => return,
        };
        self.listener.happens(endpoint, &happening);
    }

    fn end_those_taken_away(&mut self, ending: Ending) {
        for endpoint in self.taken_away.drain(..) {
            self.listener.happens(endpoint, &Happening::Ended(ending));
        }
    }

    /// How the endpoint of `part` ended with this move, if it did.
    fn ending(&self, part: Part, step: &Move) -> Option<Ending> {
        let stays = self.part(step.to).is_some_and(|to| to.endpoint == part.endpoint);
        if stays {
            return None;
        }
        let graph = self.flow.graph();
        let transition = graph.transition(step.transition);
        let guarded_by = |name| transition.guard().is_some_and(|id| graph.guard_name(id) == name);
        let keeps_error = || graph.actions_of(transition).any(|it| it.starts_with("keep error"));
        let ending = match (transition.trigger(), part.role) {
            // A signal that did not come in time.
            (Trigger::After(_), _) if self.part(transition.from()).is_some() => Ending::Failed,
            (Trigger::After(_), _) => Ending::TimedOut,
            (Trigger::Always, Role::Look) if keeps_error() => Ending::Failed,
            (Trigger::Always, Role::Look) | (Trigger::Event(_), Role::Call) => Ending::Ok,
            (Trigger::Done, _) if self.cached == Some(part.endpoint) => Ending::Cached,
            (Trigger::Done, _) => Ending::Ok,
            (Trigger::Failed | Trigger::TimedOut, _) => Ending::Failed,
            (Trigger::Always | Trigger::Event(_), Role::Failure) if guarded_by("recovered") => {
                Ending::Recovered
            }
            (Trigger::Always | Trigger::Event(_), Role::Check)
                if graph.actions_of(transition).any(|action| action == "skip") =>
            {
                Ending::Skipped
            }
            (Trigger::Always | Trigger::Event(_), _) => Ending::Failed,
        };
        Some(ending)
    }
}

impl<L: Listener> Trace for Watch<L> {
    fn moved(&mut self, step: Move) {
        let graph = self.flow.graph();
        self.listener.moves(graph.name_of(step.from), graph.name_of(step.to));
        let transition = graph.transition(step.transition);
        let is_deadline = matches!(transition.trigger(), Trigger::After(_))
            && self.part(transition.from()).is_none();
        if is_deadline {
            self.end_those_taken_away(Ending::TimedOut);
        }
        if let Some(from) = self.part(step.from)
            && let Some(ending) = self.ending(from, &step)
        {
            self.listener.happens(from.endpoint, &Happening::Ended(ending));
        }
        self.enters(step.to);
    }

    fn began(&mut self, _token: u32, state: StateId) {
        self.enters(state);
    }

    fn retrying(&mut self, state: StateId, _attempts: u32, wait: Duration) {
        if let Some(part) = self.part(state) {
            self.listener.happens(part.endpoint, &Happening::Retrying { wait });
        }
    }

    fn cancelled(&mut self, _token: u32, state: StateId, _phase: Phase) {
        if let Some(part) = self.part(state) {
            self.taken_away.push(part.endpoint);
        }
    }
}

impl<L: Listener> Observer<FlowContext, FlowEvent> for Watch<L> {
    fn before(&mut self, now: Timestamp, input: &Input<FlowEvent>, _run: &Snapshot<FlowContext>) {
        let (ticket, outcome) = match input {
            Input::Outcome { ticket, outcome } => (ticket, outcome),
            Input::Start | Input::Event(_) | Input::Timer(_) | Input::Cancel => return,
        };
        let Some(endpoint) = self.under_way.remove(ticket) else { return };
        let event = match outcome {
            Outcome::Done(event) | Outcome::Failed { event, .. } => event.as_ref(),
            Outcome::Postponed(at) => {
                let postponed = Happening::Postponed { wait: at.since(now) };
                return self.listener.happens(endpoint, &postponed);
            }
        };
        let happening = match event {
            Some(FlowEvent::Answered(answered)) => {
                self.cached = answered.cached.then_some(endpoint);
                Happening::Answered {
                    http_status: answered.http_status,
                    latency: answered.latency_us.map(Duration::from_micros),
                    requests: answered.receipt.requests,
                }
            }
            Some(FlowEvent::Refused(refusal)) => Happening::Refused {
                kind: refusal.error.kind,
                http_status: refusal.error.http_status,
                requests: refusal.receipt.requests,
            },
            // No call tells of signals.
            Some(FlowEvent::Signal(_)) | None => return,
        };
        self.listener.happens(endpoint, &happening);
    }

    fn after(&mut self, _run: &Snapshot<FlowContext>, effects: &[Effect]) {
        self.end_those_taken_away(Ending::Cancelled);
        self.cached = None;
        for effect in effects {
            match effect {
                Effect::Start(start) => {
                    let Some(part) = self.part(start.state) else { continue };
                    self.under_way.insert(start.ticket, part.endpoint);
                    let started = Happening::Started { attempt: start.attempt };
                    self.listener.happens(part.endpoint, &started);
                }
                Effect::Cancel(ticket) => {
                    self.under_way.remove(ticket);
                }
                Effect::Timer { .. } | Effect::Finish => {}
            }
        }
    }
}
