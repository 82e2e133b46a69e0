//! Which variant of an enum an event is: one name, one variant, however `Debug` prints it.

use std::fmt;

use fsm_core::{
    BindFault, Bindings, BuildError, BuildFault, Event, EventKey, Graph, GraphBuilder, Machine,
};

#[derive(Debug)]
enum Hand {
    Coin,
    Note,
}

impl Event for Hand {}

fn graph(write: impl FnOnce(&mut GraphBuilder)) -> Graph {
    let mut builder = Graph::builder("sketch");
    write(&mut builder);
    builder.build().expect("the sketch is sound")
}

fn paying() -> Machine<u32, Hand> {
    let graph = graph(|g| {
        g.simple("waiting");
        g.final_state("paid");
        g.transition("waiting", "paid").on("coin");
        g.initial("waiting");
    });
    let code = Bindings::new().event("coin", &Hand::Coin);
    Machine::bind(graph, code).expect("its names are bound")
}

/// Cause: the last name won, and the transitions on the other were dead.
#[test]
fn one_variant_that_an_inner_and_an_outer_machine_call_differently_is_refused() {
    let shop = |event: &str| {
        let graph = graph(|g| {
            g.embed("pay", paying().graph());
            g.simple("closed");
            g.transition("pay", "closed").done();
            g.transition("closed", "pay").on(event);
            g.initial("pay");
        });
        let code = Bindings::new().embed("pay", &paying(), |c: &u32| c, |c| c);
        Machine::bind(graph, code.event(event, &Hand::Coin).event("unheard of", &Hand::Coin))
    };
    let faults = shop("money").expect_err("one of the two would never come");
    let both = BindFault::TwoEvents { first: "coin".into(), second: "money".into() };
    assert_eq!(faults.faults(), [both]);
    assert_eq!(
        faults.to_string(),
        "events `coin` and `money` are one variant of the event enum; give them one name"
    );

    let shop = shop("coin").expect("one name");
    let mut run = shop.begin(0);
    for place in ["closed", "pay.waiting"] {
        shop.send(&mut run, Hand::Coin).expect("it is awaited");
        let rests = run.tokens().map(|(state, _)| shop.graph().name_of(state).to_owned());
        assert_eq!(rests.collect::<Vec<_>>(), [place]);
    }
}

#[test]
fn two_variants_may_be_one_event_of_a_graph() {
    let graph = graph(|g| {
        g.simple("waiting");
        g.internal("waiting").on("money").action("count");
        g.initial("waiting");
    });
    let code = Bindings::new().event("money", &Hand::Coin).event("money", &Hand::Note);
    let till = Machine::bind(graph, code.action("count", |count: &mut u32, _| *count += 1));
    let till = till.expect("its names are bound");
    let mut run = till.begin(0);
    till.send(&mut run, Hand::Coin).expect("it is awaited");
    till.send(&mut run, Hand::Note).expect("it is awaited");
    assert_eq!(*run.context(), 2);
}

#[derive(Clone, Debug, PartialEq)]
enum Till {
    Shut,
    Open,
}

/// Its `Debug` is written by hand: two variants read alike, and one reads as what it carries.
#[derive(Clone)]
enum Spoken {
    Please,
    Pretty,
    Word(&'static str),
}

impl Event for Spoken {}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spoken::Please => f.write_str("please"),
            Spoken::Pretty => f.write_str("please, pretty"),
            Spoken::Word(word) => f.write_str(word),
        }
    }
}

/// Cause: two variants became one event of which one was never heard, and one variant became two.
#[test]
fn variants_that_debug_prints_alike_or_in_two_ways_are_refused() {
    let built = Machine::<(), Spoken>::builder("till")
        .on(Till::Shut, Spoken::Please)
        .to(Till::Open)
        .on(Till::Open, Spoken::Pretty)
        .to(Till::Shut)
        .on(Till::Shut, Spoken::Word("sesame"))
        .to(Till::Open)
        .on(Till::Open, Spoken::Word("shut"))
        .to(Till::Shut)
        .build(Till::Shut);
    let Err(BuildError::Written(faults)) = built else { panic!("it was to be refused") };
    let alike = BuildFault::TwoVariants { event: "please".into() };
    let apart = BuildFault::TwoEventNames { first: "sesame".into(), second: "shut".into() };
    assert_eq!(faults, [alike, apart]);
}

/// An event that is told by a name of its own.
#[derive(Debug)]
struct Word(&'static str);

impl Event for Word {
    fn key(&self) -> EventKey<'_> {
        EventKey::Name(self.0)
    }
}

/// Cause: such events were called after what `Debug` prints, which here is one word for all.
#[test]
fn events_that_have_names_are_called_by_them() {
    let machine = Machine::<(), Word>::builder("till")
        .on(Till::Shut, Word("open"))
        .to(Till::Open)
        .on(Till::Open, Word("shut"))
        .to(Till::Shut)
        .build(Till::Shut)
        .expect("a sound machine");
    let mut run = machine.begin(());
    machine.send(&mut run, Word("open")).expect("it is shut");
    machine.send(&mut run, Word("open")).expect_err("it is open");
    machine.send(&mut run, Word("shut")).expect("it is open");
    assert_eq!(machine.state(&run), Till::Shut);
}
