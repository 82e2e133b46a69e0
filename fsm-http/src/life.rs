//! The life of a call, proven: the request waits, is handed over, leaves, is answered, cut, or runs
//! out of time, at every moment that is possible, with transports that tell when a request leaves
//! and with one that does not.
//!
//! What classifies an end is the real code ([`RetryRules::on_status`], [`on_interruption`]), and so
//! is the record of where the request is ([`Departure`]). The model adds the world, and keeps an
//! account of its own of what may have been carried out.

use std::hash::{Hash, Hasher};

use fsm_testkit::model::{Checker, Model, Property, Report};
use http::StatusCode;

use crate::error::{ErrorKind, Retry};
use crate::retry::{Repeatability, RetryRules, on_interruption};
use crate::transport::Departure;

/// How often a call is tried again.
const RETRIES: u32 = 2;
/// What a server may answer besides success.
const STATUSES: [u16; 8] = [400, 401, 408, 409, 422, 429, 500, 503];
/// What may interrupt a request.
const INTERRUPTIONS: [ErrorKind; 5] =
    [ErrorKind::Connect, ErrorKind::Dns, ErrorKind::Tls, ErrorKind::Reset, ErrorKind::Decode];

/// A call, its transport, and its server.
struct World {
    repeatability: Repeatability,
    /// The transport says when a request leaves.
    tells: bool,
    /// A planted fault: what a transport did not tell is taken not to have left.
    trusts_silence: bool,
}

/// What was told of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Told {
    Held,
    HandedOver,
    Departed,
}

#[derive(Clone, Debug)]
struct Standing {
    attempt: u32,
    renewed: bool,
    told: Vec<Told>,
    /// Requests that a server may have carried out.
    carried_out: u32,
    requests: u32,
    end: Option<End>,
}

/// How the call ended, and whether the last request may have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct End {
    /// None: well, or with a status.
    interrupted: Option<ErrorKind>,
    may_have_left: bool,
}

impl PartialEq for Standing {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Standing {}

impl Hash for Standing {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key().hash(hasher);
    }
}

impl Standing {
    fn key(&self) -> (u32, bool, &[Told], u32, u32, Option<End>) {
        (self.attempt, self.renewed, &self.told, self.carried_out, self.requests, self.end)
    }

    fn departure(&self) -> Departure {
        let departure = Departure::default();
        for told in &self.told {
            match told {
                Told::Held => departure.hold(),
                Told::HandedOver => departure.handed_over(),
                Told::Departed => departure.depart(),
            }
        }
        departure
    }

    fn was(&self, told: Told) -> bool {
        self.told.contains(&told)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    IsTold(Told),
    Succeeds,
    IsAnswered(u16),
    IsCut(ErrorKind),
    TakesTooLong,
}

impl World {
    fn new(repeatability: Repeatability, tells: bool) -> Self {
        Self { repeatability, tells, trusts_silence: false }
    }

    /// Whether a byte of the request may have left, as the world knows it: a silent transport may
    /// have sent it as soon as it has it.
    fn may_have_left(&self, at: &Standing) -> bool {
        match self.tells {
            true => at.was(Told::Departed),
            false => at.was(Told::HandedOver),
        }
    }

    /// The request ends, and is judged.
    fn ends(&self, from: &Standing, deed: Deed) -> Standing {
        let mut to = from.clone();
        let may_have_left = self.may_have_left(from);
        let interrupted = |kind, left| on_interruption(kind, self.repeatability, left);
        let (end, retry) = match deed {
            Deed::IsTold(_) => return to,
            Deed::Succeeds => (None, Retry::Never),
            Deed::IsAnswered(status) => {
                let status = StatusCode::from_u16(status).expect("a status");
                (None, RetryRules::default().on_status(status, self.repeatability, None))
            }
            Deed::IsCut(kind) => {
                let (kind, retry) = interrupted(kind, may_have_left);
                (Some(kind), retry)
            }
            Deed::TakesTooLong => {
                let departure = from.departure();
                let left = match self.trusts_silence {
                    true => from.was(Told::Departed),
                    false => departure.may_have_left(),
                };
                let (kind, retry) = interrupted(ErrorKind::Timeout, left);
                (Some(kind), retry)
            }
        };
        to.requests += u32::from(may_have_left);
        let is_refused = deed == Deed::IsAnswered(401);
        to.carried_out += u32::from(may_have_left && !is_refused);
        to.told.clear();
        if is_refused && !from.renewed {
            to.renewed = true;
        } else if retry.is_allowed() && from.attempt <= RETRIES {
            to.attempt += 1;
        } else {
            to.end = Some(End { interrupted: end, may_have_left });
        }
        to
    }
}

const ONCE: &str = "what can't be repeated is carried out once at most";
const IN_DOUBT: &str =
    "its outcome is unknown where it may have left without an answer, and only there";
const TWICE: &str = "what can be repeated may be carried out twice";
const BOUNDED: &str = "no more requests are sent than attempts, and one for new credentials";
const ENDS: &str = "every call ends";

impl Model for World {
    type State = Standing;
    type Action = Deed;

    fn initial(&self) -> Vec<Standing> {
        let (told, end) = (Vec::new(), None);
        vec![Standing { attempt: 1, renewed: false, told, carried_out: 0, requests: 0, end }]
    }

    fn steps(&self, from: &Standing, steps: &mut Vec<(Deed, Standing)>) {
        if from.end.is_some() {
            return;
        }
        let next = match (self.tells, from.told.as_slice()) {
            (true, []) => Some(Told::Held),
            (true, [_]) | (false, []) => Some(Told::HandedOver),
            (true, [_, _]) => Some(Told::Departed),
            (true, _) | (false, _) => None,
        };
        if let Some(told) = next {
            let mut to = from.clone();
            to.told.push(told);
            steps.push((Deed::IsTold(told), to));
        }
        let mut ends = vec![Deed::TakesTooLong];
        if !from.told.is_empty() {
            ends.extend(INTERRUPTIONS.map(Deed::IsCut));
        }
        if self.may_have_left(from) {
            ends.push(Deed::Succeeds);
            ends.extend(STATUSES.map(Deed::IsAnswered));
        }
        steps.extend(ends.into_iter().map(|deed| (deed, self.ends(from, deed))));
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let is_unsafe = self.repeatability == Repeatability::Unsafe;
        let mut properties = vec![
            Property::always(IN_DOUBT, |world: &World, at: &Standing| {
                let is_unsafe = world.repeatability == Repeatability::Unsafe;
                at.end.is_none_or(|end| {
                    let in_doubt = end.interrupted.is_some() && end.may_have_left && is_unsafe;
                    (end.interrupted == Some(ErrorKind::UnknownOutcome)) == in_doubt
                })
            }),
            Property::always(BOUNDED, |_, at: &Standing| {
                at.requests <= RETRIES + 1 + u32::from(at.renewed)
            }),
            Property::eventually(ENDS, |_, at: &Standing| at.end.is_some()),
        ];
        properties.push(match is_unsafe {
            true => Property::always(ONCE, |_, at: &Standing| at.carried_out <= 1),
            false => Property::sometimes(TWICE, |_, at: &Standing| at.carried_out == 2),
        });
        properties
    }

    fn say_step(&self, _: &Standing, deed: &Deed) -> String {
        match deed {
            Deed::IsTold(Told::Held) => "the transport holds the request".to_owned(),
            Deed::IsTold(Told::HandedOver) => "the transport has the request".to_owned(),
            Deed::IsTold(Told::Departed) => "the request leaves".to_owned(),
            Deed::Succeeds => "it succeeds".to_owned(),
            Deed::IsAnswered(status) => format!("it is answered with {status}"),
            Deed::IsCut(kind) => format!("it is cut: {kind}"),
            Deed::TakesTooLong => "it takes too long".to_owned(),
        }
    }

    fn say_state(&self, at: &Standing) -> String {
        let ended = if at.end.is_some() { ", ended" } else { "" };
        format!("attempt {}{ended}, {} may be carried out", at.attempt, at.carried_out)
    }
}

fn check(world: &World) -> Report<World> {
    Checker::new(world).check()
}

#[test]
fn what_can_not_be_repeated_is_carried_out_once_at_most_and_all_else_ends() {
    let all = [Repeatability::Unsafe, Repeatability::Keyed, Repeatability::Idempotent];
    for repeatability in all {
        for tells in [true, false] {
            let world = World::new(repeatability, tells);
            let report = check(&world);
            if let Some((name, path)) = report.violations().next() {
                panic!("{repeatability:?}: {name}\n{}", path.words(&world));
            }
            assert!(report.is_good() && report.is_complete(), "{repeatability:?}");
        }
    }
}

#[test]
fn a_call_that_takes_silence_for_safety_is_found() {
    let world = World { trusts_silence: true, ..World::new(Repeatability::Unsafe, false) };
    let report = check(&world);
    let found = report.verdict(ONCE).and_then(|verdict| verdict.path());
    insta::assert_snapshot!(found.expect("the fault is found").words(&world), @r"
    starts: attempt 1, 0 may be carried out
    1. the transport has the request: attempt 1, 0 may be carried out
    2. it takes too long: attempt 2, 1 may be carried out
    3. the transport has the request: attempt 2, 1 may be carried out
    4. it takes too long: attempt 3, 2 may be carried out
    ");
}
