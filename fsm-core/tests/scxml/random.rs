//! Random charts, on which the kernel and the algorithm by the book must agree: on the
//! configuration after every event, on what is refused, and on what is left and entered in which
//! order.

use std::collections::BTreeSet;

use fsm_core::{
    Bindings, Effects, Graph, GraphFault, GraphFaults, Input, Machine, Move, Phase, Scene,
    Snapshot, StateId, Status, StepError, Timestamp, Trace,
};
use fsm_testkit::tally::Word;
use proptest::prelude::*;

use crate::chart::YES;
use crate::model::{Chart, Model, On, Sort, State, Transition};

const EVENTS: u8 = 3;

/// What a chart is grown from.
#[derive(Clone, Debug)]
enum Plan {
    Atomic,
    Final,
    Compound(Vec<Plan>, u8),
    Parallel(Vec<Plan>),
}

/// A transition before its numbers are brought into range.
type Wish = (u16, Option<u8>, Vec<u16>);

fn any_plan() -> impl Strategy<Value = Plan> {
    let leaf = prop_oneof![3 => Just(Plan::Atomic), 1 => Just(Plan::Final)];
    leaf.prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            3 => (prop::collection::vec(inner.clone(), 1..=3), any::<u8>())
                .prop_map(|(children, initial)| Plan::Compound(children, initial)),
            3 => prop::collection::vec(inner, 1..=3).prop_map(Plan::Parallel),
        ]
    })
}

fn any_chart() -> impl Strategy<Value = Chart> {
    let event = prop_oneof![3 => (0..EVENTS).prop_map(Some), 1 => Just(None)];
    let targets = prop_oneof![
        1 => Just(Vec::new()),
        6 => prop::collection::vec(any::<u16>(), 1),
        3 => prop::collection::vec(any::<u16>(), 2..=3),
    ];
    let wishes = prop::collection::vec((any::<u16>(), event, targets), 1..16);
    (prop::collection::vec(any_plan(), 1..=3), wishes)
        .prop_map(|(plans, wishes)| grow(&plans, &wishes))
}

fn grow(plans: &[Plan], wishes: &[Wish]) -> Chart {
    let document = State {
        sort: Sort::Document,
        parent: 0,
        children: vec![],
        initial: 1,
        transitions: vec![],
    };
    let mut chart = Chart { states: vec![document] };
    for (at, plan) in plans.iter().enumerate() {
        // A run does not end where it begins.
        let plan = if at == 0 && matches!(plan, Plan::Final) { &Plan::Atomic } else { plan };
        plant(&mut chart, plan, 0);
    }
    for (from, event, targets) in wishes {
        wish(&mut chart, usize::from(*from), *event, targets);
    }
    chart
}

fn plant(chart: &mut Chart, plan: &Plan, parent: usize) {
    let is_region = chart.states[parent].sort == Sort::Parallel;
    let (sort, children) = match plan {
        Plan::Final if !is_region => (Sort::Final, [].as_slice()),
        Plan::Atomic | Plan::Final => (Sort::Atomic, [].as_slice()),
        Plan::Compound(children, _) => (Sort::Compound, children.as_slice()),
        Plan::Parallel(children) => (Sort::Parallel, children.as_slice()),
    };
    let here = chart.states.len();
    chart.states[parent].children.push(here);
    chart.states.push(State { sort, parent, children: vec![], initial: 0, transitions: vec![] });
    children.iter().for_each(|child| plant(chart, child, here));
    if let Plan::Compound(children, initial) = plan {
        let initial = chart.states[here].children[usize::from(*initial) % children.len()];
        chart.states[here].initial = initial;
    }
}

fn wish(chart: &mut Chart, from: usize, event: Option<u8>, targets: &[u16]) {
    let count = chart.states.len() - 1;
    let from = 1 + from % count;
    let mut kept: Vec<usize> = Vec::new();
    for target in targets.iter().map(|target| 1 + usize::from(*target) % count) {
        if kept.iter().all(|other| stand_apart(chart, *other, target)) {
            kept.push(target);
        }
    }
    let on = event.map_or(On::Done, On::Event);
    let can_be = match (chart.states[from].sort, on) {
        (Sort::Final | Sort::Document, _) => false,
        (_, On::Event(_)) => true,
        (Sort::Compound | Sort::Parallel, On::Done) => !kept.is_empty() && can_end(chart, from),
        (Sort::Atomic, On::Done) => false,
    };
    let is_done = |edge: &Transition| edge.on == On::Done;
    let has_one = on == On::Done && chart.states[from].transitions.iter().any(is_done);
    if can_be && !has_one {
        chart.states[from].transitions.push(Transition { on, targets: kept });
    }
}

/// Whether two states lie in different regions of one parallel state.
fn stand_apart(chart: &Chart, left: usize, right: usize) -> bool {
    let common = chart.around(left).find(|outer| chart.is_inside(right, *outer));
    let within_one_another = chart.is_inside(left, right) || chart.is_inside(right, left);
    left != right
        && !within_one_another
        && common.is_some_and(|outer| chart.states[outer].sort == Sort::Parallel)
}

fn can_end(chart: &Chart, state: usize) -> bool {
    let children = &chart.states[state].children;
    match chart.states[state].sort {
        Sort::Compound => children.iter().any(|child| chart.states[*child].sort == Sort::Final),
        Sort::Parallel => children.iter().all(|child| can_end(chart, *child)),
        Sort::Document | Sort::Atomic | Sort::Final => false,
    }
}

/// The chart as a graph whose states write down their entries and exits. As in `chart`, events
/// that nobody sends make every state reachable and let every run end.
fn build(chart: &Chart, told: bool) -> Result<Graph, GraphFaults> {
    let mut graph = Graph::builder("random");
    let name = |state: usize| format!("s{state}");
    let end = chart.states[0].children.iter().find(|it| chart.states[**it].sort == Sort::Final);
    for (at, state) in chart.states.iter().enumerate().skip(1) {
        let mut written = match state.sort {
            Sort::Compound => graph.composite(&name(at), &name(state.initial)),
            Sort::Parallel => graph.parallel(&name(at)),
            Sort::Final => graph.final_state(&name(at)),
            Sort::Atomic | Sort::Document => graph.simple(&name(at)),
        };
        if state.parent != 0 {
            written = written.within(&name(state.parent));
        }
        if told {
            written.entry("enter").exit("leave");
        }
        if state.sort != Sort::Final {
            graph.internal(&name(at)).on(&format!("stay at {at}"));
            if let Some(end) = end {
                graph.transition(&name(at), &name(*end)).on(&format!("end from {at}"));
            }
        }
        graph.transition("s1", &name(at)).on(&format!("jump to {at}"));
        for (index, edge) in state.transitions.iter().enumerate() {
            let mut written = match edge.targets.split_first() {
                Some((first, others)) => {
                    others.iter().fold(graph.transition(&name(at), &name(*first)), |edge, other| {
                        edge.also(&name(*other))
                    })
                }
                None => graph.internal(&name(at)),
            };
            written = match edge.on {
                On::Event(event) => written.on(&format!("e{event}")),
                On::Done => written.done(),
            };
            written = written.action(&format!("take {at}"));
            if state.transitions[index + 1..].iter().any(|later| later.on == edge.on) {
                written.guard(YES);
            }
        }
    }
    graph.initial("s1").build()
}

/// Whether there is a way into the chart from which it need not come to rest: the checks rely on no
/// order among regions that end at once.
fn goes_round(chart: &Chart) -> bool {
    let single = (1..chart.states.len()).map(|state| vec![state]);
    let done = chart.states.iter().flat_map(|state| &state.transitions);
    let done = done.filter(|edge| edge.on == On::Done).map(|edge| edge.targets.clone());
    single.chain(done).any(|targets| Model::may_go_round(chart, &targets))
}

type Log = Vec<String>;

fn bindings(chart: &Chart, graph: &Graph) -> Bindings<Log, Word> {
    let numbers: Vec<usize> = graph.states().map(|state| number(graph, state)).collect();
    let note = |sign: char| {
        let numbers = numbers.clone();
        move |log: &mut Log, scene: &Scene<'_, Word>| {
            assert!(log.len() < 100_000, "a chart that passes the checks comes to rest");
            log.push(format!("{sign}{}", numbers[scene.state.index()]));
        }
    };
    let bindings = Bindings::new()
        .guard(YES, |_, _| true)
        .action("enter", note('+'))
        .action("leave", note('-'));
    (1..chart.states.len()).fold(bindings, |bindings, state| {
        bindings.action(format!("take {state}"), move |log: &mut Log, _| {
            log.push(format!("!{state}"));
        })
    })
}

/// Which state of the chart a state of the graph is.
fn number(graph: &Graph, state: StateId) -> usize {
    graph.name_of(state)[1..].parse().expect("a number")
}

#[derive(Default)]
struct Moves(Vec<Move>);

impl Trace for Moves {
    fn moved(&mut self, step: Move) {
        self.0.push(step);
    }
}

struct Kernel {
    machine: Machine<Log, Word>,
    run: Snapshot<Log>,
}

impl Kernel {
    fn take(&mut self, input: Input<Word>) -> Result<Log, StepError> {
        let before = self.run.context().len();
        let mut effects = Effects::new();
        self.machine.step(&mut self.run, Timestamp::ZERO, &input, &mut effects, &mut ())?;
        self.machine.restore(&self.run, &mut effects).expect("its own snapshot is whole");
        Ok(self.run.context()[before..].to_vec())
    }

    fn innermost(&self) -> BTreeSet<usize> {
        let innermost = self.run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
        innermost.map(|(state, _)| number(self.machine.graph(), state)).collect()
    }
}

/// The kernel's log is the model's; where several transitions were taken at once, the kernel takes
/// one after the other as a whole, so that only what happened is compared and not when.
fn same_log(model: &Model<'_>, mut log: Log) {
    let mut expected = model.log.clone();
    if model.several {
        expected.sort();
        log.sort();
    }
    assert_eq!(log, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_kernel_does_what_the_algorithm_by_the_book_does(
        chart in any_chart(),
        events in prop::collection::vec(0..EVENTS, 0..20),
    ) {
        let graph = match build(&chart, true) {
            Ok(graph) => graph,
            Err(faults) => {
                let round = |fault: &GraphFault| matches!(fault, GraphFault::EventlessCycle { .. });
                prop_assert!(faults.faults().iter().all(round), "{}", faults);
                prop_assert!(goes_round(&chart), "a false alarm: {}", faults);
                return Ok(());
            }
        };
        let bindings = bindings(&chart, &graph);
        let machine = Machine::bind(graph, bindings).expect("every name is bound");
        let run = machine.snapshot(Log::new(), 0);
        let mut kernel = Kernel { machine, run };
        let log = kernel.take(Input::Start).expect("`Start` comes first");
        let mut model = Model::begin(&chart);
        same_log(&model, log);
        for event in events {
            prop_assert_eq!(kernel.innermost(), model.innermost());
            if model.is_over {
                prop_assert!(matches!(kernel.run.status(), Status::Finished(_)));
                break;
            }
            let taken = kernel.take(Input::Event(Word(format!("e{event}"))));
            match model.event(event) {
                true => same_log(&model, taken.expect("the model takes it")),
                false => prop_assert!(taken.is_err()),
            }
        }
        prop_assert_eq!(kernel.innermost(), model.innermost());
    }

    /// Where states have no actions of their own, `dispatch` takes its short way, through every
    /// level of nesting.
    #[test]
    fn events_dispatched_and_events_stepped_are_the_same(
        chart in any_chart(),
        events in prop::collection::vec(0..EVENTS, 0..20),
    ) {
        let Ok(graph) = build(&chart, false) else { return Ok(()) };
        let bindings = bindings(&chart, &graph);
        let machine = Machine::bind(graph, bindings).expect("every name is bound");
        let (mut stepped, mut effects) = (machine.snapshot(Log::new(), 0), Effects::new());
        let now = Timestamp::ZERO;
        machine
            .step(&mut stepped, now, &Input::Start, &mut effects, &mut ())
            .expect("`Start` comes first");
        let mut dispatched = stepped.clone();
        for event in events.into_iter().map(|event| Word(format!("e{event}"))) {
            let (mut long, mut short) = (Moves::default(), Moves::default());
            let input = Input::Event(event.clone());
            let taken = machine.step(&mut stepped, now, &input, &mut effects, &mut long);
            let again = machine.dispatch(&mut dispatched, now, event, &mut effects, &mut short);
            prop_assert_eq!(taken, again);
            prop_assert_eq!(long.0, short.0);
            prop_assert_eq!(&stepped, &dispatched);
        }
    }
}
