//! Walks told as stories, and held to searches that are written differently.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use fsm_core::{Bindings, Event, Graph, Machine, Outcome, RetryPolicy, StateId};
use fsm_testkit::deed::Deed;
use fsm_testkit::simulation::Simulation;
use fsm_testkit::strategies::{
    Shape, Size, any_blueprint, any_blueprint_of, any_graph, any_graph_of,
};
use fsm_testkit::tally::{self, EVENTS, Tally, Word};
use fsm_testkit::walks::{Cover, Walk, Walks};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Gate {
    Locked,
    Open,
    Broken,
}

#[derive(Clone, Debug, PartialEq)]
enum Hand {
    Coin(u32),
    Push,
    Kick,
}
impl Event for Hand {}

/// A turnstile that opens after three coins.
fn turnstile() -> fsm_core::TypedMachine<Gate, u32, Hand> {
    Machine::<u32, Hand>::builder("turnstile")
        .on(Gate::Locked, Hand::Coin(0))
        .when("third coin", |coins, _| *coins == 2)
        .then("forget coins", |coins, _| *coins = 0)
        .to(Gate::Open)
        .on(Gate::Locked, Hand::Coin(0))
        .then("count", |coins, _| *coins += 1)
        .stay()
        .on(Gate::Open, Hand::Push)
        .to(Gate::Locked)
        .on(Gate::Open, Hand::Kick)
        .to(Gate::Broken)
        .final_state(Gate::Broken)
        .build(Gate::Locked)
        .expect("the turnstile is sound")
}

fn names<D>(cover: &Cover<D>) -> Vec<String> {
    cover.walks().iter().map(Walk::name).collect()
}

fn reasons<D>(cover: &Cover<D>) -> Vec<String> {
    cover.missed().iter().map(ToString::to_string).collect()
}

#[test]
fn a_guard_that_needs_a_count_is_found_once_the_count_matters() {
    let machine = turnstile();
    let events = || Walks::of(&machine, 0).event("coin", Hand::Coin(5)).event("push", Hand::Push);
    let blind = events().find();
    assert_eq!(
        reasons(&blind.every_edge()),
        [
            "`Locked -Coin [third coin]-> Open`: guard `third coin` never held with these exemplars and this key",
            "`Open -Push-> Locked`: `Open` was never reached",
            "`Open -Kick-> Broken`: `Open` was never reached",
        ]
    );

    let seeing = events().key(|coins| *coins).find();
    assert_eq!(
        seeing.shortest_to("Open").unwrap().name(),
        "Locked -coin-> Locked -coin-> Locked -coin-> Open"
    );
    let cover = seeing.every_edge();
    assert_eq!(names(&cover), ["Locked -coin-> Locked -coin-> Locked -coin-> Open -push-> Locked"]);
    assert_eq!(reasons(&cover), ["`Open -Kick-> Broken`: no exemplar of event `Kick` was given"]);
}

#[test]
fn no_walk_is_told_that_a_run_can_not_go() {
    // Without a key every coin in a locked turnstile looks like the first one.
    let search = Walks::of(&turnstile(), 1).event("coin", Hand::Coin(5)).event("push", Hand::Push);
    let cover = search.find().every_pair();
    cover.each(|walk| walk.replay(&mut Simulation::new(turnstile(), 1)).unwrap());
    assert!(!cover.walks().is_empty());
    let text = cover.to_string();
    insta::assert_snapshot!(text);
}

#[test]
fn each_walk_says_what_to_do_and_what_to_expect() {
    // A turnstile that somebody wrote by hand, to be tested against the machine.
    struct Steel {
        coins: u32,
        state: &'static str,
    }
    impl Steel {
        fn hear(&mut self, hand: &Hand) {
            match (self.state, hand) {
                ("Locked", Hand::Coin(_)) => {
                    self.coins += 1;
                    if self.coins == 3 {
                        (self.state, self.coins) = ("Open", 0);
                    }
                }
                ("Open", Hand::Push) => self.state = "Locked",
                ("Open", Hand::Kick) => self.state = "Broken",
                _ => {}
            }
        }
    }
    let walks = Walks::of(&turnstile(), 0)
        .event("coin", Hand::Coin(5))
        .event("push", Hand::Push)
        .event("kick", Hand::Kick)
        .key(|coins| *coins)
        .find();
    let cover = walks.every_pair();
    cover.each(|walk| {
        let mut steel = Steel { coins: 0, state: "Locked" };
        for step in walk.steps() {
            let Deed::Event(hand) = step.deed() else { panic!("only events come here") };
            steel.hear(hand);
            assert_eq!(step.configuration(), [steel.state], "{walk}");
        }
    });
    // What can't be: the third coin right after the push, as it takes two more before.
    assert_eq!(
        reasons(&cover),
        ["`Open -Push-> Locked`, then `Locked -Coin [third coin]-> Open`: \
             they were never taken one right after the other",],
    );
}

#[test]
fn a_case_that_fails_is_named_and_the_others_are_tried() {
    let walks = Walks::of(&turnstile(), 2)
        .event("coin", Hand::Coin(5))
        .event("push", Hand::Push)
        .event("kick", Hand::Kick)
        .find()
        .longest(2);
    let cover = walks.every_edge();
    assert_eq!(names(&cover).len(), 2, "{cover}");
    let failed = std::panic::catch_unwind(|| {
        cover.each(|walk| assert_ne!(walk.ends(), ["Broken"], "it is broken"));
    });
    let said = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(
        said.starts_with("1 of 2 walks failed:\n  Locked -coin-> Open -kick-> Broken"),
        "{said}"
    );
}

#[test]
fn a_walk_that_is_no_longer_true_says_where_it_went_astray() {
    let search = |coins| {
        Walks::of(&turnstile(), coins).event("coin", Hand::Coin(5)).event("push", Hand::Push)
    };
    let walk = search(2).find().shortest_to("Open").unwrap();
    walk.replay(&mut Simulation::new(turnstile(), 2)).unwrap();
    assert_eq!(
        walk.replay(&mut Simulation::new(turnstile(), 0)).unwrap_err().to_string(),
        "`Locked -coin-> Open` went astray at step 1: it led to Locked"
    );
}

fn errand() -> Machine<(), Word> {
    let mut graph = Graph::builder("errand");
    graph
        .activity_running("fetch", "work")
        .timeout(Duration::from_secs(2))
        .retry(RetryPolicy::new(1).delay(Duration::from_secs(1)));
    graph.delay("rest", Duration::from_secs(5));
    graph.simple("given up");
    graph.final_state("home");
    graph.transition("fetch", "rest").done();
    graph.transition("fetch", "given up").failed();
    graph.transition("fetch", "home").timed_out();
    graph.transition("rest", "home").done();
    graph.transition("given up", "home").on("go");
    let bindings = Bindings::new().activity("work", |_, _| async { Outcome::done() });
    Machine::bind(graph.initial("fetch").build().expect("sound"), bindings).expect("bound")
}

#[test]
fn outcomes_timeouts_and_timers_are_steps_too() {
    let walks = Walks::of(&errand(), ()).event("go", Word("go".into())).find();
    let cover = walks.every_edge();
    cover.assert_complete();
    assert_eq!(
        names(&cover),
        [
            "fetch -done-> rest -after 5s-> home",
            "fetch -failed-> given up -go-> home",
            "fetch -timed out-> home",
        ]
    );
    cover.each(|walk| walk.replay(&mut Simulation::new(errand(), ())).unwrap());
}

#[test]
fn the_outcomes_that_are_given_take_the_place_of_the_usual_ones() {
    let walks = Walks::of(&errand(), ()).outcome("fetch", "came back", Outcome::done()).find();
    assert_eq!(
        names(&walks.to_each_state()),
        ["fetch", "fetch -came back-> rest", "fetch -timed out-> home"]
    );
    assert_eq!(
        reasons(&walks.to_each_state()),
        ["state `given up`: nothing that was tried leads there"]
    );
}

#[test]
fn regions_stand_side_by_side_in_a_name() {
    let mut graph = Graph::builder("radio");
    graph.parallel("on");
    graph.composite("sound", "loud").within("on");
    graph.simple("loud").within("sound");
    graph.simple("mute").within("sound");
    graph.composite("tuner", "fm").within("on");
    graph.simple("fm").within("tuner");
    graph.simple("am").within("tuner");
    graph.simple("off");
    graph.transition("loud", "mute").on("hush");
    graph.transition("mute", "loud").on("speak");
    graph.transition("fm", "am").on("switch");
    graph.transition("am", "fm").on("switch");
    graph.transition("on", "off").on("power");
    graph.transition("off", "on").on("power");
    let graph = graph.initial("off").build().unwrap();
    let machine = Machine::<(), Word>::bind(graph, Bindings::new()).unwrap();
    let search = ["hush", "speak", "switch", "power"]
        .iter()
        .fold(Walks::of(&machine, ()), |search, name| search.event(*name, Word((*name).into())));
    let walks = search.find();
    assert_eq!(walks.configurations(), 5);
    assert_eq!(walks.shortest_to("am").unwrap().name(), "off -power-> loud, fm -switch-> loud, am");
    walks.every_edge().assert_complete();
    walks.every_pair().assert_complete();
}

#[test]
fn the_structure_of_a_graph_is_walked_by_one_token() {
    let mut graph = Graph::builder("trip");
    graph.fork("pack", "leave");
    graph.activity_running("bags", "work").within("pack");
    graph.final_state("ready").within("pack");
    graph.activity_running("food", "work").within("pack");
    graph.join("leave", fsm_core::JoinRule::All);
    graph.final_state("gone");
    graph.final_state("at home");
    graph.transition("pack", "bags");
    graph.transition("pack", "food");
    graph.transition("bags", "ready").done();
    graph.transition("bags", "at home").failed();
    graph.transition("food", "leave").done();
    graph.transition("food", "at home").failed();
    graph.transition("leave", "gone");
    let graph = graph.initial("pack").build().unwrap();
    let walks = Walks::of_graph(&graph);
    assert_eq!(
        names(&walks.every_edge()),
        [
            "pack -at once-> bags -done-> leave -at once-> gone",
            "pack -at once-> food -done-> leave",
            "pack -at once-> bags -failed-> at home",
            "pack -at once-> food -failed-> at home",
        ]
    );
    walks.every_pair().assert_complete();
    let simple: Vec<String> = walks.simple_paths("gone", 10).iter().map(Walk::name).collect();
    assert_eq!(
        simple,
        [
            "pack -at once-> bags -done-> leave -at once-> gone",
            "pack -at once-> food -done-> leave -at once-> gone",
        ]
    );
    assert_eq!(walks.simple_paths("gone", 1).len(), 1);
}

#[test]
fn a_search_that_was_cut_short_says_so_of_all_that_it_misses() {
    let walks = Walks::of(&turnstile(), 0)
        .event("coin", Hand::Coin(5))
        .key(|coins| *coins)
        .at_most(2)
        .find();
    assert_eq!(walks.bound(), Some(2));
    assert_eq!(
        reasons(&walks.every_state()),
        [
            "state `Open`: the search ended after 2 configurations; `at_most` allows more",
            "state `Broken`: the search ended after 2 configurations; `at_most` allows more",
        ]
    );
}

/// Code under which a context has few values, so that a key can be all of it.
fn coin_bindings() -> Bindings<Tally, Word> {
    tally::bindings()
        .action(tally::TOSS, |tally: &mut Tally, _| tally.die ^= 1 << 33)
        .action(tally::ENTER, |_: &mut Tally, _| {})
        .action(tally::LEAVE, |_: &mut Tally, _| {})
}

fn coin_machine(graph: Graph) -> Machine<Tally, Word> {
    Machine::bind(graph, coin_bindings()).expect("every name is bound")
}

fn search(machine: &Machine<Tally, Word>, context: Tally) -> Walks<Deed<Word>> {
    EVENTS
        .iter()
        .fold(Walks::of(machine, context), |search, name| search.event(*name, Word((*name).into())))
        .key(Clone::clone)
        .at_most(400)
        .find()
}

/// What a machine can be made to take by anybody who goes on at random.
fn taken_at_random(machine: &Machine<Tally, Word>, rolls: &[u64]) -> BTreeSet<usize> {
    let mut taken = BTreeSet::new();
    let mut simulation = Simulation::new(machine.clone(), Tally::new(0, 1));
    for roll in rolls {
        let pick = (roll >> 8) as usize;
        let under_way: Vec<String> =
            simulation.under_way().into_iter().map(str::to_owned).collect();
        let _ = match (roll % 3, under_way.get(pick % under_way.len().max(1))) {
            (0, Some(state)) => simulation.finish(state, Outcome::done()),
            (1, Some(state)) => simulation.finish(state, Outcome::failed()),
            _ => {
                let _ = simulation.event(Word(EVENTS[pick % EVENTS.len()].into()));
                Ok(())
            }
        };
        if simulation.snapshot().status().is_over() {
            while simulation.back() {
                taken.extend(simulation.path().iter().flat_map(|s| &s.by).map(|id| id.index()));
            }
        }
    }
    taken.extend(simulation.path().iter().flat_map(|station| &station.by).map(|id| id.index()));
    taken
}

/// The fewest steps to each state, by the graph's edges as the library petgraph sees them: only for
/// graphs without states around others.
fn distances(graph: &Graph) -> BTreeMap<StateId, usize> {
    let view = graph.to_petgraph();
    let start = petgraph_index(graph.initial());
    let mut far = BTreeMap::from([(graph.initial(), 0)]);
    let mut open = VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        let steps = far[&view[node]];
        for next in view.neighbors(node) {
            far.entry(view[next]).or_insert_with(|| {
                open.push_back(next);
                steps + 1
            });
        }
    }
    far
}

fn petgraph_index(state: StateId) -> petgraph::graph::NodeIndex {
    petgraph::graph::NodeIndex::new(state.index())
}

const UNTIMED: Shape = Shape { is_timed: false, ..Shape::ANY };

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn every_walk_of_a_machine_replays_in_a_simulation(
        blueprint in any_blueprint(Size::SMALL),
        die in any::<u64>(),
    ) {
        let machine = coin_machine(blueprint.graph());
        let walks = search(&machine, Tally::new(die, 1));
        for cover in [walks.to_each_state(), walks.every_edge(), walks.every_pair()] {
            for walk in &cover {
                let mut simulation = Simulation::new(machine.clone(), Tally::new(die, 1));
                prop_assert_eq!(walk.replay(&mut simulation), Ok(()));
            }
        }
    }

    #[test]
    fn what_can_be_taken_at_random_is_covered(
        blueprint in any_blueprint_of(Size::SMALL, UNTIMED),
        rolls in prop::collection::vec(any::<u64>(), 1..60),
    ) {
        let machine = coin_machine(blueprint.graph());
        let walks = search(&machine, Tally::new(0, 1));
        prop_assume!(walks.bound().is_none());
        let covered: BTreeSet<usize> = walks
            .every_edge()
            .walks()
            .iter()
            .flat_map(|walk| walk.steps())
            .flat_map(|step| step.transitions())
            .map(|id| id.index())
            .collect();
        let mut begin = Simulation::new(machine.clone(), Tally::new(0, 1));
        let at_once: BTreeSet<usize> =
            begin.path()[0].by.iter().map(|id| id.index()).collect();
        begin.forget();
        let missed: Vec<_> =
            taken_at_random(&machine, &rolls).into_iter().filter(|id| !covered.contains(id) && !at_once.contains(id)).collect();
        prop_assert!(missed.is_empty(), "{:?}", missed);
    }

    #[test]
    fn covers_keep_their_bounds_and_never_come_out_differently(graph in any_graph(Size::SMALL)) {
        let walks = Walks::of_graph(&graph);
        let cover = walks.every_edge();
        prop_assert_eq!(&cover, &Walks::of_graph(&graph).every_edge());
        let longest = walks
            .to_each_state()
            .walks()
            .iter()
            .map(|walk| walk.steps().len())
            .max()
            .unwrap_or(0);
        prop_assert!(cover.walks().len() <= cover.wanted().max(1));
        let diameter = walks.configurations();
        prop_assert!(cover.steps() <= cover.wanted() * diameter.max(longest));
    }

    #[test]
    fn by_its_structure_every_edge_and_pair_of_a_flat_graph_is_covered(
        graph in any_graph_of(Size::SMALL, Shape::FLAT),
    ) {
        let far = distances(&graph);
        let walks = Walks::of_graph(&graph);
        let covered: HashSet<_> = walks
            .every_edge()
            .walks()
            .iter()
            .flat_map(|walk| walk.steps().to_vec())
            .filter_map(|step| *step.deed())
            .collect();
        for (id, edge) in graph.transitions() {
            prop_assert_eq!(covered.contains(&id), far.contains_key(&edge.from()));
        }
        let pairs = walks.every_pair();
        let reachable = graph
            .transitions()
            .filter(|(_, first)| far.contains_key(&first.from()))
            .flat_map(|(_, first)| graph.transitions().filter(move |(_, second)| first.to() == second.from()))
            .count();
        prop_assert_eq!(pairs.wanted() - pairs.missed().len(), reachable);
    }

    #[test]
    fn shortest_walks_are_as_short_as_breadth_first_search_says(
        graph in any_graph_of(Size::SMALL, Shape::FLAT),
    ) {
        let far = distances(&graph);
        let walks = Walks::of_graph(&graph);
        for state in graph.states() {
            let walk = walks.shortest_to(graph.name_of(state));
            prop_assert_eq!(walk.map(|walk| walk.steps().len()), far.get(&state).copied());
        }
    }

    #[test]
    fn whatever_a_machine_takes_its_structure_has(blueprint in any_blueprint(Size::SMALL)) {
        let graph = blueprint.graph();
        let walks = search(&coin_machine(graph.clone()), Tally::new(0, 1));
        let structure = Walks::of_graph(&graph).every_edge();
        let known: HashSet<_> = structure
            .walks()
            .iter()
            .flat_map(|walk| walk.steps())
            .filter_map(|step| *step.deed())
            .collect();
        for walk in &walks.every_edge() {
            for id in walk.steps().iter().flat_map(|step| step.transitions()) {
                prop_assert!(known.contains(id), "{:?} of {}", id, walk);
            }
        }
    }
}

#[test]
fn the_random_graphs_that_these_properties_are_held_to_have_states_of_most_kinds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut kinds = HashSet::new();
    for _ in 0..64 {
        let tree = any_graph(Size::SMALL).new_tree(&mut runner).unwrap();
        let graph = proptest::strategy::ValueTree::current(&tree);
        kinds.extend(graph.states().map(|state| std::mem::discriminant(&graph.kind(state))));
    }
    assert!(kinds.len() >= 9, "{}", kinds.len());
}
