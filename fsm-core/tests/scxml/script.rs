//! Plays a script on a chart and compares configurations: the states in which tokens stand, of
//! which none is around another.

use std::collections::BTreeSet;

use fsm_core::{
    Bindings, Effects, Graph, Input, Machine, Move, Phase, Snapshot, StepError, Timestamp, Trace,
    TransitionId,
};
use fsm_testkit::tally::Word;

use crate::chart::YES;

/// Where the tokens stand.
pub(crate) type Configuration = BTreeSet<String>;

/// Events, each with the configuration that it leads to.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) initial: Configuration,
    pub(crate) events: Vec<(String, Configuration)>,
}

/// Plays `script`; an event that nothing accepts leaves all as it is, as SCXML wants it.
///
/// # Errors
/// The first configuration that is another than the script says.
pub(crate) fn play(graph: Graph, script: &Script) -> Result<(), String> {
    let bindings = Bindings::<(), Word>::new().guard(YES, |_, _| true);
    let machine = Machine::bind(graph, bindings).expect("only one name to bind");
    let mut run = machine.snapshot((), 0);
    let mut effects = Effects::new();
    let mut take = |run: &mut Snapshot<()>, input| match machine.step(
        run,
        Timestamp::ZERO,
        &input,
        &mut effects,
        &mut (),
    ) {
        Ok(()) | Err(StepError::Rejected { .. } | StepError::UnknownEvent { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    take(&mut run, Input::Start)?;
    same("at the beginning", machine.graph(), &run, &script.initial)?;
    for (at, (event, expected)) in script.events.iter().enumerate() {
        take(&mut run, Input::Event(Word(event.clone())))?;
        same(&format!("after event {} (`{event}`)", at + 1), machine.graph(), &run, expected)?;
    }
    Ok(())
}

/// The states whose transitions the events set off.
pub(crate) fn transitions(graph: Graph, events: &[&str]) -> Vec<String> {
    let bindings = Bindings::<(), Word>::new().guard(YES, |_, _| true);
    let machine = Machine::bind(graph, bindings).expect("only one name to bind");
    let mut run = machine.snapshot((), 0);
    let mut heard = Heard(Vec::new());
    let events = events.iter().map(|event| Input::Event(Word((*event).into())));
    for input in std::iter::once(Input::Start).chain(events) {
        machine
            .step(&mut run, Timestamp::ZERO, &input, &mut Effects::new(), &mut heard)
            .expect("the events are accepted");
    }
    let from = |id| machine.graph().name_of(machine.graph().transition(id).from()).to_owned();
    heard.0.into_iter().map(from).collect()
}

struct Heard(Vec<TransitionId>);

impl Trace for Heard {
    fn moved(&mut self, step: Move) {
        self.0.push(step.transition);
    }
}

fn same(
    when: &str,
    graph: &Graph,
    run: &Snapshot<()>,
    expected: &Configuration,
) -> Result<(), String> {
    let innermost = run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
    let found: Configuration =
        innermost.map(|(state, _)| graph.name_of(state).to_owned()).collect();
    match found == *expected {
        true => Ok(()),
        false => Err(format!("{when}: {found:?}, where {expected:?} is meant")),
    }
}
