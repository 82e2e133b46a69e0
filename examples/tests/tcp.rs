//! The TCP connection, held to figure 5 of RFC 9293 and the notes below it.
//!
//! The table is transcribed from the RFC (section 3.3.2) and knows nothing of the example: every
//! arrow is a line, `x` is the figure's word for no action.

use std::collections::{BTreeMap, BTreeSet};

use fsm_core::{Effect, Effects, Input, Machine, Snapshot, StepError, Ticket, Timestamp, Trigger};

#[path = "../examples/tcp.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod tcp;

use tcp::{Happening, Host, Segment, TWO_MSL, Tcb};

/// From, event, action, to; and where it is said, if not in the figure.
const ARROWS: &str = "
    CLOSED       | passive OPEN             | create TCB          | LISTEN
    CLOSED       | active OPEN              | create TCB, snd SYN | SYN-SENT
    LISTEN       | CLOSE                    | delete TCB          | CLOSED
    LISTEN       | rcv SYN                  | snd SYN,ACK         | SYN-RECEIVED
    LISTEN       | SEND                     | snd SYN             | SYN-SENT
    SYN-SENT     | CLOSE                    | delete TCB          | CLOSED
    SYN-SENT     | rcv SYN                  | snd SYN,ACK         | SYN-RECEIVED
    SYN-SENT     | rcv SYN,ACK              | snd ACK             | ESTABLISHED
    SYN-RECEIVED | rcv RST                  | x                   | LISTEN       | note 1
    SYN-RECEIVED | rcv ACK of SYN           | x                   | ESTABLISHED
    SYN-RECEIVED | CLOSE                    | snd FIN             | FIN-WAIT-1
    ESTABLISHED  | CLOSE                    | snd FIN             | FIN-WAIT-1
    ESTABLISHED  | rcv FIN                  | snd ACK             | CLOSE-WAIT
    FIN-WAIT-1   | rcv ACK of FIN           | x                   | FIN-WAIT-2
    FIN-WAIT-1   | rcv FIN                  | snd ACK             | CLOSING
    FIN-WAIT-1   | rcv FIN and ACK of FIN   | snd ACK             | TIME-WAIT    | note 2
    FIN-WAIT-2   | rcv FIN                  | snd ACK             | TIME-WAIT
    CLOSING      | rcv ACK of FIN           | x                   | TIME-WAIT
    CLOSE-WAIT   | CLOSE                    | snd FIN             | LAST-ACK
    LAST-ACK     | rcv ACK of FIN           | x                   | CLOSED
    TIME-WAIT    | Timeout=2MSL             | delete TCB          | CLOSED
    SYN-SENT     | rcv RST                  | delete TCB          | CLOSED       | note 3
    SYN-RECEIVED | rcv RST                  | delete TCB          | CLOSED       | note 3
    ESTABLISHED  | rcv RST                  | delete TCB          | CLOSED       | note 3
    FIN-WAIT-1   | rcv RST                  | delete TCB          | CLOSED       | note 3
    FIN-WAIT-2   | rcv RST                  | delete TCB          | CLOSED       | note 3
    CLOSE-WAIT   | rcv RST                  | delete TCB          | CLOSED       | note 3
    CLOSING      | rcv RST                  | delete TCB          | CLOSED       | note 3
    LAST-ACK     | rcv RST                  | delete TCB          | CLOSED       | note 3
    TIME-WAIT    | rcv RST                  | delete TCB          | CLOSED       | note 3
";

#[derive(Clone, Copy, Debug)]
struct Arrow {
    from: &'static str,
    event: &'static str,
    action: &'static str,
    to: &'static str,
    note: Option<&'static str>,
}

fn arrows() -> Vec<Arrow> {
    let lines = ARROWS.lines().filter(|line| !line.trim().is_empty());
    let arrow = |line: &'static str| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [from, event, action, to, note @ ..] = &columns[..] else { panic!("{line}") };
        Arrow { from, event, action, to, note: note.first().copied() }
    };
    lines.map(arrow).collect()
}

/// The events in the RFC's words; the timeout is none that anybody can send.
const EVENTS: [(&str, Happening); 11] = [
    ("passive OPEN", Happening::PassiveOpen),
    ("active OPEN", Happening::ActiveOpen),
    ("SEND", Happening::Send),
    ("CLOSE", Happening::Close),
    ("rcv SYN", Happening::RcvSyn),
    ("rcv SYN,ACK", Happening::RcvSynAck),
    ("rcv ACK of SYN", Happening::RcvAckOfSyn),
    ("rcv FIN", Happening::RcvFin),
    ("rcv ACK of FIN", Happening::RcvAckOfFin),
    ("rcv FIN and ACK of FIN", Happening::RcvFinAndAckOfFin),
    ("rcv RST", Happening::RcvRst),
];

const TIMEOUT: &str = "Timeout=2MSL";

/// A connection with the timer that it has set, if any.
#[derive(Clone)]
struct Connection<'m> {
    machine: &'m Machine<Host, Happening>,
    run: Snapshot<Host>,
    timer: Option<(Ticket, Timestamp)>,
}

impl<'m> Connection<'m> {
    fn new(machine: &'m Machine<Host, Happening>) -> Self {
        Self { machine, run: machine.begin(Host::default()), timer: None }
    }

    fn state(&self) -> String {
        tcp::where_it_is(self.machine, &self.run)
    }

    fn came_from_a_passive_open(&self) -> bool {
        self.run.context().tcb == Some(Tcb::OpenedPassively)
    }

    fn send(&mut self, event: &str) -> Result<(), StepError> {
        let mut effects = Effects::new();
        let done = if event == TIMEOUT {
            let (ticket, at) = self.timer.take().expect("a timer is set");
            self.machine.step(&mut self.run, at, &Input::Timer(ticket), &mut effects, &mut ())
        } else {
            let (_, happening) = EVENTS.into_iter().find(|(name, _)| *name == event).expect(event);
            tcp::act(self.machine, &mut self.run, happening, &mut effects)
        };
        for effect in effects.as_slice() {
            match effect {
                Effect::Timer { ticket, at } => self.timer = Some((*ticket, *at)),
                Effect::Cancel(_) => self.timer = None,
                Effect::Start(_) | Effect::Finish => panic!("{effect:?}"),
            }
        }
        done
    }

    /// The arrows that lead on from here.
    fn ways(&self) -> Vec<Arrow> {
        let state = self.state();
        let mut ways = arrows();
        ways.retain(|arrow| arrow.from == state);
        if state == "SYN-RECEIVED" {
            // Note 1: conditional on having reached SYN-RECEIVED after a passive OPEN.
            let other = if self.came_from_a_passive_open() { "note 3" } else { "note 1" };
            ways.retain(|arrow| arrow.note != Some(other));
        }
        ways
    }
}

/// A connection in every state that arrows lead to, and in SYN-RECEIVED after either OPEN.
fn everywhere(machine: &Machine<Host, Happening>) -> Vec<Connection<'_>> {
    let mut found = BTreeMap::new();
    let mut open = vec![Connection::new(machine)];
    while let Some(connection) = open.pop() {
        let key = (connection.state(), connection.came_from_a_passive_open());
        if found.contains_key(&key) {
            continue;
        }
        for arrow in connection.ways() {
            let mut next = connection.clone();
            next.send(arrow.event).unwrap_or_else(|refused| panic!("{arrow:?}: {refused}"));
            open.push(next);
        }
        found.insert(key, connection);
    }
    found.into_values().collect()
}

#[test]
fn the_table_has_every_arrow_of_the_figure() {
    let arrows = arrows();
    let drawn = arrows.iter().filter(|arrow| matches!(arrow.note, None | Some("note 1")));
    assert_eq!(drawn.count(), 20, "so many arrows the figure has");
    let states: BTreeSet<&str> = arrows.iter().flat_map(|arrow| [arrow.from, arrow.to]).collect();
    assert_eq!(states.len(), 11);
}

#[test]
fn every_arrow_of_the_figure_is_taken_with_its_action() {
    let machine = tcp::connection().expect("a sound machine");
    let mut taken = BTreeSet::new();
    for connection in everywhere(&machine) {
        for arrow in connection.ways() {
            let mut next = connection.clone();
            let before = next.run.context().clone();
            next.send(arrow.event).unwrap_or_else(|refused| panic!("{arrow:?}: {refused}"));
            assert_eq!(next.state(), arrow.to, "{arrow:?}");
            taken.insert((arrow.from, arrow.event, arrow.to));

            let after = next.run.context();
            let mut sent = before.sent.clone();
            for action in arrow.action.split(", ") {
                match action {
                    "x" => assert_eq!(after, &before, "{arrow:?}"),
                    "create TCB" => assert!(after.tcb.is_some(), "{arrow:?}"),
                    "delete TCB" => assert_eq!(after.tcb, None, "{arrow:?}"),
                    "snd SYN" => sent.push(Segment::Syn),
                    "snd SYN,ACK" => sent.push(Segment::SynAck),
                    "snd ACK" => sent.push(Segment::Ack),
                    "snd FIN" => sent.push(Segment::Fin),
                    other => panic!("{other}"),
                }
            }
            assert_eq!(after.sent, sent, "{arrow:?}");
            let same_tcb = !arrow.action.contains("TCB") && arrow.event != "SEND";
            assert!(!same_tcb || after.tcb == before.tcb, "{arrow:?}");
        }
    }
    assert_eq!(taken.len(), arrows().len(), "arrows that nothing took");
}

#[test]
fn what_is_not_in_the_figure_is_refused_with_state_and_event() {
    let machine = tcp::connection().expect("a sound machine");
    let mut refused = BTreeSet::new();
    for connection in everywhere(&machine) {
        let accepted: Vec<&str> = connection.ways().iter().map(|arrow| arrow.event).collect();
        assert_eq!(connection.timer.is_some(), accepted.contains(&TIMEOUT), "a timer elsewhere");
        for (event, happening) in EVENTS.iter().filter(|(event, _)| !accepted.contains(event)) {
            let mut next = connection.clone();
            let error = next.send(event).expect_err("the figure has no such arrow").to_string();
            assert!(error.contains(&format!("`{happening:?}`")), "{error}");
            assert!(error.ends_with(&format!("in state {}", connection.state())), "{error}");
            assert_eq!(next.run, connection.run, "a refusal changes nothing");
            refused.insert((connection.state(), *event));
        }
    }
    let mut accepted: BTreeSet<_> = arrows().iter().map(|it| (it.from, it.event)).collect();
    accepted.retain(|(_, event)| *event != TIMEOUT);
    assert_eq!(refused.len(), 11 * EVENTS.len() - accepted.len(), "pairs that nobody tried");
}

/// What is drawn has the actions of the figure in its words, also where none changes the host.
#[test]
fn the_drawing_speaks_the_words_of_the_figure() {
    let machine = tcp::connection().expect("a sound machine");
    let graph = machine.graph();
    let mut drawn: Vec<String> = Vec::new();
    for (_, edge) in graph.transitions() {
        let event = match edge.trigger() {
            Trigger::After(wait) => {
                assert_eq!(wait, TWO_MSL);
                TIMEOUT.to_owned()
            }
            other => {
                let label = graph.trigger_label(other);
                let word = EVENTS.iter().find(|(_, event)| format!("{event:?}") == label);
                word.expect("an event").0.to_owned()
            }
        };
        let actions: Vec<&str> = graph.actions_of(edge).collect();
        let action = if actions.is_empty() { "x".to_owned() } else { actions.join(", ") };
        let (from, to) = (graph.name_of(edge.from()), graph.name_of(edge.to()));
        drawn.push(format!("{from} | {event} | {action} | {to}"));
    }
    // Note 3 is one arrow here, from all states that have a peer.
    let mut said: Vec<String> = arrows()
        .iter()
        .filter(|arrow| arrow.note != Some("note 3"))
        .map(|arrow| format!("{} | {} | {} | {}", arrow.from, arrow.event, arrow.action, arrow.to))
        .collect();
    said.push("connection | rcv RST | delete TCB | CLOSED".to_owned());
    drawn.sort();
    said.sort();
    assert_eq!(drawn, said);
}

#[test]
fn time_wait_ends_after_two_segment_lifetimes_and_not_before() {
    let machine = tcp::connection().expect("a sound machine");
    let mut connection = Connection::new(&machine);
    for event in ["active OPEN", "rcv SYN,ACK", "CLOSE", "rcv ACK of FIN", "rcv FIN"] {
        connection.send(event).expect("accepted");
    }
    assert_eq!(connection.state(), "TIME-WAIT");
    let (ticket, at) = connection.timer.expect("a timer is set");
    assert_eq!(at.since(Timestamp::ZERO), TWO_MSL);

    let early = Timestamp::from_micros(at.as_micros() - 1);
    let mut effects = Effects::new();
    let input = Input::Timer(ticket);
    let refused = machine.step(&mut connection.run, early, &input, &mut effects, &mut ());
    assert_eq!(refused, Err(StepError::TimerEarly));
    connection.send(TIMEOUT).expect("due");
    assert_eq!(connection.state(), "CLOSED");
    let sent = [Segment::Syn, Segment::Ack, Segment::Fin, Segment::Ack];
    assert_eq!(connection.run.context().sent, sent);
}

#[test]
fn two_hosts_that_open_at_once_meet_in_established() {
    let machine = tcp::connection().expect("a sound machine");
    let mut hosts = [Connection::new(&machine), Connection::new(&machine)];
    for event in ["active OPEN", "rcv SYN", "rcv ACK of SYN"] {
        for host in &mut hosts {
            host.send(event).expect("accepted");
        }
    }
    for host in &hosts {
        assert_eq!(host.state(), "ESTABLISHED");
        assert_eq!(host.run.context().sent, [Segment::Syn, Segment::SynAck]);
    }
}

#[test]
fn the_connection_is_drawn() {
    let machine = tcp::connection().expect("a sound machine");
    insta::assert_snapshot!(machine.graph().to_dot());
}
