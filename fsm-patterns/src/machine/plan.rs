//! What must hold before a transition is taken: its guard, the validators of the states that it
//! leaves and enters, and that what it does can be done.
//!
//! A validator `before` a state, and an action that may fail, need the context as it will be: so
//! the transition is *rehearsed* on a copy. Which states are left is known from where the token
//! stands; for a state that holds regions, what is active within them is not, and so their
//! validators and exit actions are not asked when all of them are left at once.

use fsm_core::{Scene, StateId};
use serde_json::Value;

use super::deed::{Bound, Deed, Home, Refusal};
use super::event::MachineEvent;
use super::layout::{Laid, LaidEdge, Layout};
use super::room::WayRoom;
use super::spec::Guard;
use super::way::{self, Outline};
use super::{label, reason};
use crate::expr::Scope;
use crate::fault::Fault;

/// Something that must hold for the context of a machine.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) home: Home,
    pub(super) guard: Guard,
}

impl Test {
    pub(super) fn new(home: &Home, guard: &Guard) -> Self {
        Self { home: home.clone(), guard: guard.clone() }
    }

    fn label(&self) -> String {
        format!("{}{}", self.home.prefix(), self.guard.text())
    }

    /// Whether it holds; code that is not at hand counts as a yes. The words are for whoever asks
    /// without code: the machine itself only wants to know.
    fn holds(&self, outermost: &Value, event: &Value, bound: Bound<'_>) -> Result<(), Refusal> {
        let context = self.home.of(outermost);
        match &self.guard {
            Guard::Condition(condition) => {
                let scope = Scope::new().context(context).event(event);
                if let Bound::Doubt(doubts) = bound {
                    let may = condition.outcomes(&scope);
                    doubts.tests.set(doubts.tests.get() || may.declines || may.fails);
                    return if may.holds { Ok(()) } else { Err(Refusal::Unknown) };
                }
                match condition.eval(&scope) {
                    Ok(true) => Ok(()),
                    Ok(false) if matches!(bound, Bound::Code(..)) => Err(Refusal::Unknown),
                    Ok(false) => Err(Refusal::Because(reason::of(condition, &scope))),
                    Err(error) => Err(Refusal::Because(error.to_string())),
                }
            }
            Guard::Name(name) => match bound {
                Bound::Nothing => Ok(()),
                Bound::Code(code, scene) => match code.guards.get(&name.text) {
                    Some(guard) if guard(context, scene) => Ok(()),
                    Some(_) | None => Err(Refusal::Unknown),
                },
                Bound::Doubt(doubts) => {
                    doubts.tests.set(true);
                    Ok(())
                }
            },
        }
    }
}

/// What happens at a state, by its index.
#[derive(Debug)]
pub(super) struct Station {
    id: StateId,
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    pub(super) entry: Vec<Deed>,
    pub(super) exit: Vec<Deed>,
    pub(super) before: Vec<Test>,
    pub(super) after: Vec<Test>,
}

impl Station {
    pub(super) fn new(id: StateId, state: &Laid<'_>) -> Self {
        let tests =
            |guards: &[Guard]| guards.iter().map(|guard| Test::new(&state.home, guard)).collect();
        Self {
            id,
            name: state.name.clone(),
            parent: state.parent,
            entry: state.entry.clone(),
            exit: state.exit.clone(),
            before: tests(state.before),
            after: tests(state.after),
        }
    }
}

/// What one transition asks for.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// As drawings show it; empty: nothing is asked.
    pub(super) label: String,
    /// The label without what goes without saying: that its actions can be carried out.
    pub(super) brief: String,
    pub(super) test: Option<Test>,
    pub(super) from: usize,
    /// Whether a state that may be left has a validator.
    asks_more: bool,
    /// Whether a state that may be left has an exit action that may fail.
    acts_on_exit: bool,
    /// The innermost state that is neither left nor entered.
    pub(super) domain: Option<usize>,
    /// Whether states are left at all.
    pub(super) leaves: bool,
    pub(super) deeds: Vec<Deed>,
    /// The states that are entered, outermost first; empty if nothing is rehearsed.
    pub(super) entered: Vec<usize>,
    pub(super) rehearsed: bool,
}

impl Plan {
    /// What `edge` asks for.
    ///
    /// # Errors
    /// There is no room left for its way.
    pub(super) fn of(
        layout: &Layout<'_>,
        outline: &Outline,
        room: &mut WayRoom,
        edge: &LaidEdge<'_>,
    ) -> Result<Self, Fault> {
        let states = &layout.states;
        let domain = way::domain(layout, edge);
        let leaves = !edge.to.is_empty();
        let mut entered = Vec::new();
        if let Some(first) = edge.to.first() {
            let outermost =
                way::around(states, *first).take_while(|index| Some(*index) != domain).last();
            way::enter(layout, outline, outermost.unwrap_or(*first), &edge.to, &mut entered);
        }
        let left = match leaves {
            true => way::may_be_left(layout, outline, edge.from, domain),
            false => Vec::new(),
        };
        let exits = left.iter().flat_map(|index| &states[*index].exit);
        let entries = entered.iter().flat_map(|index| &states[*index].entry);
        let fallible: Vec<&Deed> =
            exits.chain(&edge.deeds).chain(entries).filter(|deed| !deed.is_total()).collect();
        let test = edge.guard.map(|guard| Test::new(&states[edge.from].home, guard));
        let said = test.as_ref().map(Test::label);
        let brief = label::of(layout, said.clone(), &left, &[], &entered);
        let label = label::of(layout, said, &left, &fallible, &entered);
        room.take(left.len() + entered.len(), label.len() + brief.len(), edge.place)?;
        let rehearsed =
            !fallible.is_empty() || entered.iter().any(|index| !states[*index].before.is_empty());
        let asks_more = left.iter().any(|index| !states[*index].after.is_empty());
        let exits = left.iter().flat_map(|index| &states[*index].exit);
        let acts_on_exit = exits.into_iter().any(|deed| !deed.is_total());
        let (from, deeds) = (edge.from, edge.deeds.clone());
        if !rehearsed {
            entered = Vec::new();
        }
        Ok(Self {
            label,
            brief,
            test,
            from,
            asks_more,
            acts_on_exit,
            domain,
            leaves,
            deeds,
            entered,
            rehearsed,
        })
    }

    /// What tells it from a plan that happens to have the same label.
    pub(super) fn identity(&self) -> String {
        let test = match self.test.as_ref().map(|test| &test.guard) {
            Some(Guard::Name(_)) => "name",
            Some(Guard::Condition(_)) => "condition",
            None => "none",
        };
        if !self.rehearsed {
            return match self.asks_more {
                true => format!("{test} {:?} {}", self.domain, self.from),
                false => test.to_owned(),
            };
        }
        let deeds: Vec<String> = self.deeds.iter().map(Deed::label).collect();
        // Where it starts matters only if something is asked or done on the way out.
        let from = (self.asks_more || self.acts_on_exit).then_some(self.from);
        format!("{test} {from:?} {:?} {} {:?} {deeds:?}", self.domain, self.leaves, self.entered)
    }

    /// Whether it may make a difference in which state within its own a token stands.
    pub(super) fn minds_where_it_leaves(&self) -> bool {
        self.leaves && (self.asks_more || self.acts_on_exit)
    }

    /// Whether the transition may be taken by a token that stands at `leaf`.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(
        &self,
        stations: &[Station],
        leaf: usize,
        outermost: &Value,
        event: &Value,
        bound: Bound<'_>,
    ) -> Result<(), Refusal> {
        if let Some(test) = &self.test {
            test.holds(outermost, event, bound)?;
        }
        let left: Vec<usize> = match self.leaves && (self.asks_more || self.rehearsed) {
            true => chain(stations, leaf).take_while(|at| Some(*at) != self.domain).collect(),
            false => Vec::new(),
        };
        for station in left.iter().map(|at| &stations[*at]) {
            for test in &station.after {
                test.holds(outermost, event, at(bound, station, &mut None))
                    .map_err(|refusal| around_state(refusal, "after", &station.name))?;
            }
        }
        if !self.rehearsed {
            return Ok(());
        }
        let mut context = outermost.clone();
        for station in left.iter().map(|at| &stations[*at]) {
            perform(&station.exit, &mut context, event, bound, Some(station))?;
        }
        perform(&self.deeds, &mut context, event, bound, None)?;
        for station in self.entered.iter().map(|at| &stations[*at]) {
            for test in &station.before {
                test.holds(&context, event, at(bound, station, &mut None))
                    .map_err(|refusal| around_state(refusal, "before", &station.name))?;
            }
            perform(&station.entry, &mut context, event, bound, Some(station))?;
        }
        Ok(())
    }
}

fn around_state(refusal: Refusal, when: &str, name: &str) -> Refusal {
    match refusal {
        Refusal::Because(why) => Refusal::Because(format!("{when} `{name}`: {why}")),
        Refusal::Unknown => Refusal::Unknown,
    }
}

/// Does `deeds` in the scene of `station`, or of the transition itself.
fn perform(
    deeds: &[Deed],
    context: &mut Value,
    event: &Value,
    bound: Bound<'_>,
    station: Option<&Station>,
) -> Result<(), Refusal> {
    let mut scene = None;
    let bound = match station {
        Some(station) => at(bound, station, &mut scene),
        None => bound,
    };
    deeds.iter().try_for_each(|deed| deed.perform(context, event, bound))
}

/// The same code, seeing the scene of the state `station`, which is kept in `scene`.
fn at<'a>(
    bound: Bound<'a>,
    station: &Station,
    scene: &'a mut Option<Scene<'a, MachineEvent>>,
) -> Bound<'a> {
    let Bound::Code(code, around) = bound else { return bound };
    let Scene { event, now, cause, attempts, visit, cut, .. } = *around;
    let own = Scene { event, now, state: station.id, cause, attempts, visit, cut };
    Bound::Code(code, scene.insert(own))
}

fn chain(stations: &[Station], leaf: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(leaf), |state| stations[*state].parent)
}
