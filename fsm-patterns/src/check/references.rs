//! Expressions: does each read what is there when it is evaluated?
//!
//! A step that is read must have run before. In a chain that is an earlier one; elsewhere it must
//! be a dependency, directly or through others, because else the value would depend on timing.

use std::collections::HashMap;

use super::dependencies::{MOST_HINTS, Order};
use super::inputs::Declared;
use super::outline::{At, Outline};
use super::{ancestry, spelling, top};
use crate::expr::{Reference, Root};
use crate::fault::{Fault, Place, Step};
use crate::spec::{
    CacheKey, EndpointSpec, Entry, FlowSpec, Handler, Mode, Output, Parser, Transform, UndoSpec,
    Wait, WaitSpec, When,
};

/// When an expression is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Before the call is made: condition, `transform_input`, and the request itself.
    Before,
    /// Before the run begins: `run_key`, `target`.
    Begun,
    /// Before any call is made: the flow's `cache_key`, which serves all endpoints.
    Shared,
    /// Once there is an answer: `response_parser`, `transform_output`.
    Answered,
    /// Once the output is there, and before anybody else sees it: `until`, `fail_if`.
    Looked,
    /// Once a signal has come: its `transform_output`.
    Heard,
    /// After the call failed: `error_handler`.
    Failed,
    /// After the step was completed and the run failed: `undo`.
    Undone,
    /// After the run: `output`.
    Ended,
}

/// Checks every expression of the flow. Without `orders`, the order of steps is left out.
pub(super) fn check(
    flow: &FlowSpec,
    outline: &Outline<'_>,
    orders: Option<&[Order]>,
    faults: &mut Vec<Fault>,
) {
    let declared = flow.inputs.as_ref().and_then(Declared::of);
    let mut check = Check { outline, declared, faults, reads: Vec::new() };
    for (at, entry) in outline.entries() {
        let place = outline.place(at);
        match entry {
            Entry::Endpoint(endpoint) => check.endpoint(at, &place, endpoint),
            Entry::Wait(wait) => check.wait(at, &place, wait),
            Entry::Group(group) => check.condition(at, &place, group.condition.as_ref()),
        }
    }
    if let Some(CacheKey::Template(template)) = &flow.cache_key {
        check.all(None, Moment::Shared, &top("cache_key"), template.references());
    }
    for (key, template) in [("run_key", &flow.run_key), ("target", &flow.target)] {
        if let Some(template) = template {
            check.all(None, Moment::Begun, &top(key), template.references());
        }
    }
    match &flow.output {
        Some(Output::Template(template)) => {
            check.all(None, Moment::Ended, &top("output"), template.references());
        }
        Some(Output::Code(_)) | None => {}
    }
    let reads = check.reads;
    if let Some(orders) = orders {
        check_order(outline, orders, reads, faults);
    }
}

/// An entry reads a step.
struct Read<'a> {
    reader: At,
    step: At,
    name: &'a str,
    fault: Fault,
}

struct Check<'c, 'a> {
    outline: &'c Outline<'a>,
    declared: Option<Declared<'a>>,
    faults: &'c mut Vec<Fault>,
    reads: Vec<Read<'a>>,
}

impl Check<'_, '_> {
    fn endpoint(&mut self, at: At, place: &Place, endpoint: &EndpointSpec) {
        self.condition(at, place, endpoint.condition.as_ref());
        self.transform(at, Moment::Before, place.key("transform_input"), &endpoint.transform_input);
        self.all(Some(at), Moment::Before, &place.key("url"), endpoint.url.references());
        for (name, value) in &endpoint.headers {
            let place = place.key("headers").key(name.as_str());
            self.all(Some(at), Moment::Before, &place, value.references());
        }
        for (name, value) in &endpoint.params {
            let place = place.key("params").key(name);
            self.all(Some(at), Moment::Before, &place, value.references());
        }
        if let Some(body) = &endpoint.body {
            self.all(Some(at), Moment::Before, &place.key("body"), body.references());
        }
        if let Some(CacheKey::Template(template)) = &endpoint.cache_key {
            self.all(Some(at), Moment::Before, &place.key("cache_key"), template.references());
        }
        if let Some(template) = &endpoint.save_to {
            self.all(Some(at), Moment::Before, &place.key("save_to"), template.references());
        }
        match &endpoint.response_parser {
            Parser::Template(template) => {
                let place = place.key("response_parser");
                self.all(Some(at), Moment::Answered, &place, template.references());
            }
            Parser::Auto
            | Parser::Json
            | Parser::Text
            | Parser::Bytes
            | Parser::GraphQl
            | Parser::Code(_) => {}
        }
        let output = &endpoint.transform_output;
        self.transform(at, Moment::Answered, place.key("transform_output"), output);
        if let Some(poll) = &endpoint.poll {
            let place = place.key("poll");
            self.when(at, Moment::Looked, place.key("until"), Some(&poll.until));
            self.when(at, Moment::Looked, place.key("fail_if"), poll.fail_if.as_ref());
        }
        self.handler(at, place, endpoint.error_handler.as_ref());
        if let Some(undo) = &endpoint.undo {
            self.undo(&place.key("undo"), undo);
        }
    }

    fn wait(&mut self, at: At, place: &Place, wait: &WaitSpec) {
        self.condition(at, place, wait.condition.as_ref());
        match &wait.wait {
            Wait::Delay(_) => {}
            Wait::Signal(signal) => {
                let output = &signal.transform_output;
                self.transform(at, Moment::Heard, place.key("transform_output"), output);
                self.handler(at, place, signal.error_handler.as_ref());
            }
        }
    }

    fn handler(&mut self, at: At, place: &Place, handler: Option<&Handler>) {
        match handler {
            Some(Handler::Template(template)) => {
                let place = place.key("error_handler");
                self.all(Some(at), Moment::Failed, &place, template.references());
            }
            Some(Handler::Code(_)) | None => {}
        }
    }

    /// Every step has settled by then, so any of them may be read.
    fn undo(&mut self, place: &Place, undo: &UndoSpec) {
        self.all(None, Moment::Undone, &place.key("url"), undo.url.references());
        for (name, value) in &undo.headers {
            let place = place.key("headers").key(name.as_str());
            self.all(None, Moment::Undone, &place, value.references());
        }
        for (name, value) in &undo.params {
            let place = place.key("params").key(name);
            self.all(None, Moment::Undone, &place, value.references());
        }
        if let Some(body) = &undo.body {
            self.all(None, Moment::Undone, &place.key("body"), body.references());
        }
    }

    fn condition(&mut self, at: At, place: &Place, condition: Option<&When>) {
        self.when(at, Moment::Before, place.key("condition"), condition);
    }

    fn when(&mut self, at: At, moment: Moment, place: Place, condition: Option<&When>) {
        match condition {
            Some(When::Expression(condition)) => {
                self.all(Some(at), moment, &place, condition.references());
            }
            Some(When::Code(_)) | None => {}
        }
    }

    fn transform(&mut self, at: At, moment: Moment, place: Place, transform: &Option<Transform>) {
        match transform {
            Some(Transform::Template(template)) => {
                self.all(Some(at), moment, &place, template.references());
            }
            Some(Transform::Code(_)) | None => {}
        }
    }

    fn all(&mut self, at: Option<At>, moment: Moment, place: &Place, references: Vec<Reference>) {
        for reference in references {
            self.reference(at, moment, place, reference);
        }
    }

    fn reference(&mut self, at: Option<At>, moment: Moment, place: &Place, reference: Reference) {
        let place = within(place, &reference.pointer);
        let part = Some(reference.span.clone());
        let fault = |message: String, hint: String| {
            let fault = Fault::new(place.clone(), message).hint(hint);
            Fault { part: part.clone(), ..fault }
        };
        if let Some(hint) = unavailable(&reference.root, moment) {
            let message = format!("`{}` has no value {}", reference.root, when(moment));
            self.faults.push(fault(message, hint.to_owned()));
            return;
        }
        match (&reference.root, &reference.member) {
            (Root::Inputs, Some(member)) => {
                let Some(declared) = &self.declared else { return };
                if let Some(hint) = declared.refuses(member, self.faults.len() < MOST_HINTS) {
                    let message = format!("`inputs` declares no `{member}`");
                    self.faults.push(fault(message, hint));
                }
            }
            (Root::Step { name, .. }, _) => self.step(at, name, fault),
            (
                Root::Inputs
                | Root::Data
                | Root::Body
                | Root::Header(_)
                | Root::StatusCode
                | Root::Url
                | Root::Method
                | Root::Error
                | Root::Context
                | Root::Event,
                _,
            ) => {}
        }
    }

    fn step(&mut self, at: Option<At>, name: &str, fault: impl Fn(String, String) -> Fault) {
        let Some(step) = self.outline.find(name) else {
            let message = format!("unknown step `{name}`");
            let names = self.outline.steps();
            let close = (self.faults.len() < MOST_HINTS).then(|| spelling::closest(name, names));
            let hint = match close.flatten() {
                Some(close) => format!("did you mean `{close}`?"),
                None => "the steps are the endpoints of the flow, by name".to_owned(),
            };
            self.faults.push(fault(message, hint));
            return;
        };
        match self.outline.entry(step) {
            Entry::Group(group) => {
                let members: Vec<&str> = group.entries.iter().map(Entry::name).take(5).collect();
                let message = format!("`{name}` is a group, and a group is no step");
                let hint = format!("read a step of it: {}", spelling::list(&members));
                self.faults.push(fault(message, hint));
            }
            entry @ (Entry::Endpoint(_) | Entry::Wait(_)) => {
                let Some(reader) = at else { return };
                // The sentence is finished where the order is known.
                let fault = fault(String::new(), String::new());
                self.reads.push(Read { reader, step, name: entry.name(), fault });
            }
        }
    }
}

/// Why `root` has no value at that moment; `None` if it has one.
fn unavailable(root: &Root, moment: Moment) -> Option<&'static str> {
    let ended = moment == Moment::Ended;
    match root {
        Root::Inputs => None,
        _ if moment == Moment::Begun => Some("`$inputs` is all that is known then"),
        Root::Step { .. } if moment == Moment::Shared => Some(
            "a step need not have run before every call: give the endpoint its own `cache_key`",
        ),
        Root::Step { .. } => None,
        Root::Data if ended => Some("name the step: `$steps.NAME.output`"),
        Root::Data => None,
        Root::Body | Root::Header(_) | Root::StatusCode | Root::Url | Root::Method => {
            match moment {
                Moment::Begun | Moment::Before | Moment::Shared => {
                    Some("`transform_output` and `response_parser` see the answer")
                }
                Moment::Ended => Some("name the step: `$steps.NAME.output`"),
                Moment::Looked => {
                    Some("`$data` is the step's output: take it there with `transform_output`")
                }
                Moment::Heard => Some("`$data` is what the signal brought"),
                Moment::Undone => Some("`$data` is the output of the step that is undone"),
                // A call may fail without an answer; what there is of one is in the error.
                Moment::Failed => Some("`$error` has `message`, `kind`, and `http_status`"),
                Moment::Answered => None,
            }
        }
        Root::Error => match moment {
            Moment::Begun
            | Moment::Before
            | Moment::Shared
            | Moment::Answered
            | Moment::Looked
            | Moment::Heard => {
                Some("only `error_handler` sees it; of another step: `$steps.NAME.error`")
            }
            Moment::Ended | Moment::Undone => Some("name the step: `$steps.NAME.error`"),
            Moment::Failed => None,
        },
        Root::Context | Root::Event => Some("only machines have it"),
    }
}

fn when(moment: Moment) -> &'static str {
    match moment {
        Moment::Begun => "before the run begins",
        Moment::Before => "before the call is made",
        Moment::Shared => "before every call of the flow",
        Moment::Answered => "for a call that was answered",
        Moment::Looked => "when the answer is looked at",
        Moment::Heard => "for a signal",
        Moment::Failed => "for a call that failed",
        Moment::Undone => "when the step is undone",
        Moment::Ended => "when the run has ended",
    }
}

/// The place of the string at `pointer` (RFC 6901) in the template at `place`.
fn within(place: &Place, pointer: &str) -> Place {
    pointer.split('/').skip(1).fold(place.clone(), |place, token| match token.parse() {
        Ok(index) => place.item(index),
        Err(_) => place.key(token.replace("~1", "/").replace("~0", "~")),
    })
}

/// Reports every step that is read before it must have run.
fn check_order(
    outline: &Outline<'_>,
    orders: &[Order],
    reads: Vec<Read<'_>>,
    faults: &mut Vec<Fault>,
) {
    // What has to be asked of the graph, by scope, so that each graph is walked once for all.
    let mut asked: HashMap<usize, Vec<(usize, usize)>> = HashMap::new();
    let mut waiting: HashMap<usize, Vec<Read<'_>>> = HashMap::new();
    for read in reads {
        let Some((reader, step)) = outline.in_one_scope(read.reader, read.step) else { continue };
        let mode = outline.scopes[reader.scope].mode;
        let in_order = match mode {
            _ if reader == step => false,
            Mode::Sequential | Mode::Pipeline | Mode::Conditional => step.index < reader.index,
            Mode::Fanout => false,
            Mode::Parallel | Mode::Hybrid => {
                asked.entry(reader.scope).or_default().push((reader.index, step.index));
                waiting.entry(reader.scope).or_default().push(read);
                continue;
            }
        };
        if !in_order {
            faults.push(too_early(outline, read, reader, step));
        }
    }
    let mut scopes: Vec<usize> = asked.keys().copied().collect();
    scopes.sort_unstable();
    for scope in scopes {
        // Why there is no order is reported already.
        let Some(sorted) = &orders[scope].sorted else { continue };
        let (Some(pairs), Some(reads)) = (asked.get(&scope), waiting.remove(&scope)) else {
            continue;
        };
        let answers = ancestry::follows(&orders[scope].dependencies, sorted, pairs);
        for ((pair, read), in_order) in pairs.iter().zip(reads).zip(answers) {
            if !in_order {
                let (reader, step) = (At { scope, index: pair.0 }, At { scope, index: pair.1 });
                faults.push(too_early(outline, read, reader, step));
            }
        }
    }
}

/// `reader` and `step` are the entries of one scope that decide on the order.
fn too_early(outline: &Outline<'_>, read: Read<'_>, reader: At, step: At) -> Fault {
    let mode = outline.scopes[reader.scope].mode;
    let (waits, first) = (outline.entry(reader).name(), outline.entry(step).name());
    let (name, mut fault) = (read.name, read.fault);
    let own = outline.entry(read.reader).name();
    if reader == step {
        fault.message = format!("`{own}` reads its own step, which has not ended yet");
        let is_looked_at = fault.place.steps().contains(&Step::Key("poll".to_owned()));
        let hint = match outline.entry(read.reader) {
            Entry::Wait(_) => {
                "`$data` is what flows in, in `transform_output` what a signal brings"
            }
            Entry::Endpoint(_) if is_looked_at => "`$data` is the output that the step would have",
            Entry::Endpoint(_) | Entry::Group(_) => {
                "`$data` is what flows in, `$response` the answer"
            }
        };
        fault.hint = Some(hint.to_owned());
        return fault;
    }
    fault.message = format!("`{own}` reads the step `{name}`, which need not have run before");
    fault.hint = Some(match mode {
        Mode::Sequential | Mode::Pipeline | Mode::Conditional => {
            format!("mode {mode} runs in declared order: move `{first}` in front of `{waits}`")
        }
        Mode::Fanout => "fanout calls all at once: use mode parallel with `depends_on`".to_owned(),
        Mode::Parallel | Mode::Hybrid => {
            format!("let `{waits}` depend on it: `depends_on: [{first}]`")
        }
    });
    fault
}
