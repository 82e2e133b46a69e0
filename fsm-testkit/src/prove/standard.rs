//! What must hold of every machine.

use fsm_core::{Effects, Graph, Kind, StateId, Status, Transition, TransitionId, Trigger};

use super::pending::Fault;
use super::subject::Subject;
use super::world::{Mood, SituationOf, World};
use crate::model::Property;

/// No token comes to where none of its ways on is open.
pub const NEVER_STUCK: &str = "nothing gets stuck";
/// From every state a run can come to its end; asked where the machine has a final state.
pub const CAN_END: &str = "a run can always end";
/// In every state something may still happen; asked where the machine has no final state.
pub const GOES_ON: &str = "a run can always go on";
/// When a run is over, no work is under way.
pub const LEAVES_NOTHING: &str = "nothing is left behind at the end";
/// In every state the process may die: the snapshot is whole, and it says what is under way.
pub const SURVIVES: &str = "a crash between any two steps loses nothing";
/// In every state a run can be cancelled, and drops all that it has started.
pub const CAN_CANCEL: &str = "a run can be cancelled at any time";
/// From every state the deadline around the whole run ends it in one step; asked where there is
/// one.
pub const DEADLINE_ENDS: &str = "the deadline ends every run";
/// Where everything fails from some point on, a run still can come to its end, or to where it
/// waits for an event; asked where the machine has a final state.
pub const ENDS_IN_FAILURE: &str = "no failure is repeated for ever";
/// Where every activity answers in time from some point on, a run still can come to its end, or to
/// where it waits for an event; asked where the machine has a final state.
pub const ENDS_IF_ANSWERED: &str = "a run in which all is answered can end";
/// No timers without a length set each other for ever.
pub const TIME_GOES_ON: &str = "time goes on";
/// Every state is entered by some run.
pub const EVERY_STATE: &str = "every state can be reached";
/// Every transition is taken by some run.
pub const EVERY_TRANSITION: &str = "every transition can be taken";

type Wanted<'s, S> = Property<World<'s, S>>;

/// What is told in a world that may do anything.
pub(super) fn in_a_free_world<'s, S: Subject>(world: &World<'s, S>) -> Vec<Wanted<'s, S>> {
    let mut wanted = vec![
        Property::always(NEVER_STUCK, |_: &World<'s, S>, at: &SituationOf<S>| {
            !matches!(at.run.status(), Status::Stuck(_))
        }),
        Property::always(LEAVES_NOTHING, |_, at: &SituationOf<S>| {
            let is_one = !at.run.status().is_over() || at.run.tokens().count() == 1;
            let is_stuck = matches!(at.run.status(), Status::Stuck(_));
            at.fault != Some(Fault::LeftWork) && (is_one || is_stuck)
        }),
        Property::always(SURVIVES, |world: &World<'s, S>, at: &SituationOf<S>| {
            let machine = world.subject.machine();
            let is_whole = machine.restore(&at.run, &mut Effects::new()).is_ok();
            is_whole && !matches!(at.fault, Some(Fault::LostWork | Fault::LostTimer))
        }),
        Property::always(CAN_CANCEL, |world: &World<'s, S>, at| world.can_cancel(at)),
    ];
    wanted.push(match has_end(world.subject.machine().graph()) {
        true => Property::always_possible(CAN_END, |_: &World<'s, S>, at: &SituationOf<S>| {
            // What is stuck is told by itself.
            matches!(at.run.status(), Status::Finished(_) | Status::Stuck(_))
        }),
        false => Property::never_stuck(GOES_ON, |_: &World<'s, S>, at: &SituationOf<S>| {
            at.run.status() != Status::Running
        }),
    });
    if let Some(deadline) = deadline(world.subject.machine().graph()) {
        wanted.push(Property::always(DEADLINE_ENDS, move |world: &World<'s, S>, at| {
            world.is_ended_by(at, deadline)
        }));
    }
    wanted
}

/// The timer of a state around everything that leads to an end whatever comes.
fn deadline(graph: &Graph) -> Option<TransitionId> {
    let is_whole = |edge: &Transition| {
        let holds_all = |state: StateId| {
            graph.states().all(|inner| {
                let is_end = graph.kind(inner) == Kind::Final && graph.parent(inner).is_none();
                is_end || inner == state || graph.contains(state, inner)
            })
        };
        matches!(edge.trigger(), Trigger::After(_))
            && edge.guard().is_none()
            && graph.kind(edge.to()) == Kind::Final
            && graph.parent(edge.to()).is_none()
            && holds_all(edge.from())
    };
    graph.transitions().find(|(_, edge)| is_whole(edge)).map(|(id, _)| id)
}

/// What is told in a world that may turn to another mood.
pub(super) fn in_a_mood<'s, S: Subject>(mood: Mood) -> Vec<Wanted<'s, S>> {
    let can_end = |name| {
        Property::always_possible(name, |world: &World<'s, S>, at: &SituationOf<S>| {
            at.mood == Mood::Free || at.run.status().is_over() || world.rests(at)
        })
    };
    match mood {
        Mood::Free => Vec::new(),
        Mood::Failing => vec![can_end(ENDS_IN_FAILURE)],
        Mood::Answering => vec![can_end(ENDS_IF_ANSWERED)],
        Mood::Still => {
            vec![Property::eventually(TIME_GOES_ON, |world: &World<'s, S>, at: &SituationOf<S>| {
                let timers = world.subject.machine().timers(&at.run);
                at.mood == Mood::Free || !timers.iter().any(|timer| world.takes_no_time(timer))
            })]
        }
    }
}

/// Whether a run may come to an end.
pub(super) fn has_end(graph: &Graph) -> bool {
    let mut states = graph.states();
    states.any(|state| graph.kind(state) == Kind::Final && graph.parent(state).is_none())
}
