//! A subscriber that keeps every span and event with its fields, as text.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

pub(crate) type Fields = BTreeMap<String, String>;

/// A span as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) fields: Fields,
    pub(crate) is_closed: bool,
}

/// What was recorded. A clone is another handle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    /// Each call of the subscriber adds or changes one entry.
    recorded: Arc<Mutex<Recorded>>,
}

#[derive(Debug, Default)]
struct Recorded {
    spans: Vec<Span>,
    events: Vec<(String, Fields)>,
}

impl Recorder {
    /// Records what `work` does on this thread.
    pub(crate) fn during(work: impl FnOnce()) -> Self {
        let recorder = Self::default();
        tracing::subscriber::with_default(recorder.clone(), work);
        recorder
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.recorded.lock().expect("no test panics inside").spans.clone()
    }

    /// The fields of the events under a target.
    pub(crate) fn events(&self, target: &str) -> Vec<Fields> {
        let recorded = self.recorded.lock().expect("no test panics inside");
        let under = recorded.events.iter().filter(|(of, _)| of == target);
        under.map(|(_, fields)| fields.clone()).collect()
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("fsm_http")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut span = Span { name: attributes.metadata().name(), ..Span::default() };
        attributes.record(&mut Texts(&mut span.fields));
        let spans = &mut self.recorded.lock().expect("no test panics inside").spans;
        spans.push(span);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut recorded = self.recorded.lock().expect("no test panics inside");
        let span = &mut recorded.spans[id.into_u64() as usize - 1];
        assert!(!span.is_closed, "nothing is added to a span that is over");
        values.record(&mut Texts(&mut span.fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Texts(&mut fields));
        let target = event.metadata().target().to_owned();
        self.recorded.lock().expect("no test panics inside").events.push((target, fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn try_close(&self, id: Id) -> bool {
        let mut recorded = self.recorded.lock().expect("no test panics inside");
        recorded.spans[id.into_u64() as usize - 1].is_closed = true;
        true
    }
}

/// Writes each value as a text under its field's name.
struct Texts<'a>(&'a mut Fields);

impl Visit for Texts<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}
