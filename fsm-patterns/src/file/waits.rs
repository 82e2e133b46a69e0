//! Steps that wait, and the rounds of a call that is made again.

use super::fields::{Fields, Reader};
use super::tree::{Kind, Node};
use super::{keys, read, values};
use crate::check::spelling;
use crate::fault::Place;
use crate::spec::{PollSpec, SignalSpec, Wait, WaitSpec};

/// What tells a step that waits from a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    Delay,
    Signal,
}

/// What an entry waits for, if it is a step that does; one with both keys is taken for a delay.
/// One that says neither what is called nor what is waited for may have a slip in the latter.
pub(super) fn waits(node: &Node) -> Option<Waits> {
    let has = |key| node.member(key).is_some();
    match (has("delay"), has("signal")) {
        (true, _) => Some(Waits::Delay),
        (false, true) => Some(Waits::Signal),
        (false, false) if has("url") => None,
        (false, false) => misspelt(node),
    }
}

fn misspelt(node: &Node) -> Option<Waits> {
    let Kind::Map(members) = &node.kind else { return None };
    let slips = members.iter().filter(|it| !keys::ENDPOINT.known.contains(&it.key.as_str()));
    slips.into_iter().find_map(|slip| match spelling::closest(&slip.key, ["delay", "signal"])? {
        "delay" => Some(Waits::Delay),
        _ => Some(Waits::Signal),
    })
}

/// Reads a step that waits.
pub(super) fn wait<'t>(
    reader: &mut Reader<'t>,
    node: &'t Node,
    place: Place,
    waits: Waits,
) -> WaitSpec {
    let keys = match waits {
        Waits::Delay => &keys::DELAY,
        Waits::Signal => &keys::SIGNAL,
    };
    let Some(mut fields) = Fields::open(reader, node, place, keys) else {
        return WaitSpec::delay("", PollSpec::EVERY);
    };
    let name = read::name(&mut fields, "for example `name: approval`");
    let mut spec = match waits {
        Waits::Delay => {
            let length = fields.required("delay", "for example `delay: 5m`", values::duration);
            // What can't be read is reported, and never waited for.
            WaitSpec::delay(name, length.unwrap_or(PollSpec::EVERY))
        }
        Waits::Signal => {
            let hint = "for example `signal: approved`";
            let signal = fields.required("signal", hint, values::text).unwrap_or_default();
            let mut signal = SignalSpec::new(signal);
            signal.timeout =
                fields.optional("timeout", values::or_none(values::duration)).flatten();
            signal.transform_output = fields.optional("transform_output", values::transform);
            signal.error_handler = fields.optional("error_handler", values::handler);
            WaitSpec {
                wait: Wait::Signal(Box::new(signal)),
                ..WaitSpec::delay(name, PollSpec::EVERY)
            }
        }
    };
    spec.condition = fields.optional("condition", values::condition);
    spec.depends_on = read::depends_on(&mut fields);
    spec
}

/// Reads the key `poll` of a call.
pub(super) fn poll(fields: &mut Fields<'_, '_>) -> Option<PollSpec> {
    let mut fields = fields.map("poll", &keys::POLL)?;
    let hint = "say when it is done: `until: $data.state == 'done'`";
    let until = fields.required("until", hint, values::condition);
    let every = fields.optional("every", values::duration);
    let timeout = fields.optional("timeout", values::or_none(values::duration)).flatten();
    let fail_if = fields.optional("fail_if", values::condition);
    let spec = PollSpec::new(until?);
    Some(PollSpec { every: every.unwrap_or(spec.every), timeout, fail_if, ..spec })
}
