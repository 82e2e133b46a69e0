//! A TCP connection, as figure 5 of [RFC 9293](https://www.rfc-editor.org/rfc/rfc9293#section-3.3.2)
//! draws it: eleven states, the three notes below the figure, and a timer.
//!
//! ```sh
//! cargo run -p fsm-examples --example tcp
//! ```
//!
//! `Debug` prints a state as the RFC spells it, so the drawing and the errors do, too. The notes:
//!
//! 1. A RST leads from SYN-RECEIVED back to LISTEN only after a passive OPEN: a guard.
//! 2. A FIN that comes with the acknowledgment of our own leads from FIN-WAIT-1 to TIME-WAIT: an
//!    event of its own.
//! 3. A RST leads from any state to LISTEN or CLOSED, which would fill the figure with arrows. Here
//!    it is one: states that have a peer lie within the superstate `connection`, and a RST leads from
//!    there to CLOSED (section 3.10.7). In CLOSED and LISTEN a RST changes nothing in the RFC; here it
//!    is refused. That a RST can also be *sent*, with a way to TIME-WAIT, is left out.
//!
//! `examples/tests/tcp.rs` holds the machine to the figure, arrow by arrow, and shows that whatever
//! is not in the figure is refused.
//!
//! The figure says of itself that it must not be taken as the total specification, and so this is no
//! TCP. What section 3.10 has and the figure has not:
//!
//! - segments that are no event: sequence numbers and windows are checked (3.10.7.4), data is
//!   queued, sent again, and delivered. Here whoever reads a segment says which event it is.
//! - calls that change no state: RECEIVE, STATUS, and SEND where a connection is open. ABORT
//!   (3.10.5), which resets it.
//! - errors: what is refused here is answered there, with an error to the user or with a RST to
//!   the peer.
//! - a SYN in SYN-RECEIVED after a passive OPEN leads back to LISTEN, as a RST does (3.10.7.4); an
//!   active OPEN turns LISTEN into SYN-SENT (3.10.1); a FIN in SYN-RECEIVED leads to CLOSE-WAIT
//!   (3.10.7.4).
//! - a FIN that is sent again in TIME-WAIT starts the timeout anew; user and retransmission
//!   timeouts (3.10.8).
//! - LAST-ACK deletes the TCB when it ends (3.10.7.4). The figure shows no action there, so here it
//!   stays until the next OPEN makes a new one.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::fmt;
use std::time::Duration;

use fsm_core::{
    BuildError, Effect, Effects, Event, Input, Machine, Snapshot, StepError, Timestamp,
    TypedMachine,
};

/// Twice the maximum segment lifetime, which the RFC takes to be two minutes.
pub(crate) const TWO_MSL: Duration = Duration::from_secs(2 * 2 * 60);

/// Where a connection may be.
#[derive(Clone, Copy)]
pub(crate) enum Tcp {
    Closed,
    Listen,
    /// The superstate of all states that have a peer.
    Connection,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl fmt::Debug for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::Connection => "connection",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        })
    }
}

/// What the user calls, and what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    PassiveOpen,
    ActiveOpen,
    Send,
    Close,
    RcvSyn,
    RcvSynAck,
    RcvAckOfSyn,
    RcvFin,
    RcvAckOfFin,
    /// Both in one segment (note 2).
    RcvFinAndAckOfFin,
    RcvRst,
}

impl Event for Happening {}

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Syn,
    SynAck,
    Ack,
    Fin,
}

/// How a connection was opened: kept in its transmission control block (TCB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tcb {
    OpenedPassively,
    OpenedActively,
}

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) tcb: Option<Tcb>,
    pub(crate) sent: Vec<Segment>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let machine = connection()?;
    println!("{}", machine.graph().to_dot());

    let mut run = machine.begin(Host::default());
    let mut effects = Effects::new();
    let story = [
        Happening::ActiveOpen,
        Happening::RcvSynAck,
        Happening::RcvSyn,
        Happening::Close,
        Happening::RcvFinAndAckOfFin,
    ];
    for happening in story {
        match act(&machine, &mut run, happening, &mut effects) {
            Ok(()) => println!("{happening:?}: {}", where_it_is(&machine, &run)),
            Err(refused) => println!("{happening:?}: {refused}"),
        }
    }
    // The machine has no clock: it says when it wants to be woken, and is told that it is so late.
    for effect in effects.as_slice().to_vec() {
        if let Effect::Timer { ticket, at } = effect {
            machine.step(&mut run, at, &Input::Timer(ticket), &mut effects, &mut ())?;
            println!("{:?} later: {}", at.since(Timestamp::ZERO), where_it_is(&machine, &run));
        }
    }
    println!("sent: {:?}", run.context().sent);
    Ok(())
}

/// The machine: the arrows of the figure from the top down.
pub(crate) fn connection() -> Result<TypedMachine<Tcp, Host, Happening>, BuildError> {
    use Happening as On;

    Machine::builder("TCP connection")
        .composite(Tcp::Connection, WITH_A_PEER)
        .graph(|graph| {
            // An event and the timer share this action, so it is written by name.
            let deleting = [(Tcp::Listen, "Close"), (Tcp::SynSent, "Close"), RESET];
            for (state, event) in deleting {
                graph.transition(&name(state), &name(Tcp::Closed)).on(event).action(DELETE_TCB);
            }
            let timeout = graph.transition(&name(Tcp::TimeWait), &name(Tcp::Closed));
            timeout.after(TWO_MSL).action(DELETE_TCB);
        })
        .bind(|code| code.action(DELETE_TCB, |host: &mut Host, _| host.tcb = None))
        .on(Tcp::Closed, On::PassiveOpen)
        .then("create TCB", |host: &mut Host, _| host.tcb = Some(Tcb::OpenedPassively))
        .to(Tcp::Listen)
        .on(Tcp::Closed, On::ActiveOpen)
        .then("create TCB, snd SYN", open_actively)
        .to(Tcp::SynSent)
        .on(Tcp::Listen, On::RcvSyn)
        .then("snd SYN,ACK", snd_syn_ack)
        .to(Tcp::SynReceived)
        // Who sends is no longer passive.
        .on(Tcp::Listen, On::Send)
        .then("snd SYN", open_actively)
        .to(Tcp::SynSent)
        // Both opened at once.
        .on(Tcp::SynSent, On::RcvSyn)
        .then("snd SYN,ACK", snd_syn_ack)
        .to(Tcp::SynReceived)
        .on(Tcp::SynSent, On::RcvSynAck)
        .then("snd ACK", snd_ack)
        .to(Tcp::Established)
        .on(Tcp::SynReceived, On::RcvRst)
        .when("passive OPEN", |host, _| host.tcb == Some(Tcb::OpenedPassively))
        .to(Tcp::Listen)
        .on(Tcp::SynReceived, On::RcvAckOfSyn)
        .to(Tcp::Established)
        .on(Tcp::SynReceived, On::Close)
        .then("snd FIN", snd_fin)
        .to(Tcp::FinWait1)
        .on(Tcp::Established, On::Close)
        .then("snd FIN", snd_fin)
        .to(Tcp::FinWait1)
        .on(Tcp::Established, On::RcvFin)
        .then("snd ACK", snd_ack)
        .to(Tcp::CloseWait)
        .on(Tcp::FinWait1, On::RcvAckOfFin)
        .to(Tcp::FinWait2)
        .on(Tcp::FinWait1, On::RcvFin)
        .then("snd ACK", snd_ack)
        .to(Tcp::Closing)
        .on(Tcp::FinWait1, On::RcvFinAndAckOfFin)
        .then("snd ACK", snd_ack)
        .to(Tcp::TimeWait)
        .on(Tcp::FinWait2, On::RcvFin)
        .then("snd ACK", snd_ack)
        .to(Tcp::TimeWait)
        .on(Tcp::Closing, On::RcvAckOfFin)
        .to(Tcp::TimeWait)
        .on(Tcp::CloseWait, On::Close)
        .then("snd FIN", snd_fin)
        .to(Tcp::LastAck)
        .on(Tcp::LastAck, On::RcvAckOfFin)
        .to(Tcp::Closed)
        .build(Tcp::Closed)
}

const DELETE_TCB: &str = "delete TCB";

/// Note 3, for all states within at once; a transition of an inner state comes first.
const RESET: (Tcp, &str) = (Tcp::Connection, "RcvRst");

const WITH_A_PEER: [Tcp; 9] = [
    Tcp::SynSent,
    Tcp::SynReceived,
    Tcp::Established,
    Tcp::FinWait1,
    Tcp::FinWait2,
    Tcp::CloseWait,
    Tcp::Closing,
    Tcp::LastAck,
    Tcp::TimeWait,
];

fn name(state: Tcp) -> String {
    format!("{state:?}")
}

fn open_actively(host: &mut Host, _: &Happening) {
    host.tcb = Some(Tcb::OpenedActively);
    host.sent.push(Segment::Syn);
}

fn snd_syn_ack(host: &mut Host, _: &Happening) {
    host.sent.push(Segment::SynAck);
}

fn snd_ack(host: &mut Host, _: &Happening) {
    host.sent.push(Segment::Ack);
}

fn snd_fin(host: &mut Host, _: &Happening) {
    host.sent.push(Segment::Fin);
}

/// Tells the machine what happened, at a time that stands still.
pub(crate) fn act(
    machine: &Machine<Host, Happening>,
    run: &mut Snapshot<Host>,
    happening: Happening,
    effects: &mut Effects,
) -> Result<(), StepError> {
    machine.dispatch(run, Timestamp::ZERO, happening, effects, &mut ())
}

/// The name of the state that the connection is in.
pub(crate) fn where_it_is(machine: &Machine<Host, Happening>, run: &Snapshot<Host>) -> String {
    let names = run.tokens().map(|(state, _)| machine.graph().name_of(state));
    names.collect::<Vec<_>>().join(", ")
}
