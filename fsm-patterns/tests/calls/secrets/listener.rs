//! Whoever listens to everything that these crates tell.

use std::fmt;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes down all spans and events of these crates, at every level.
#[derive(Clone, Default)]
pub(crate) struct Listener {
    /// Locked only to append and to copy.
    heard: Arc<Mutex<String>>,
    spans: Arc<AtomicU64>,
}

impl Listener {
    /// Everything that was heard so far.
    pub(crate) fn heard(&self) -> String {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, line: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(String::new());
        line(&mut fields);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push_str(&fields.0);
        heard.push('\n');
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).expect("a string takes everything");
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("fsm")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write(|fields| {
            fields.0.push_str(span.metadata().name());
            span.record(fields);
        });
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.write(|fields| values.record(fields));
    }

    fn event(&self, event: &Event<'_>) {
        self.write(|fields| {
            fields.0.push_str(event.metadata().target());
            event.record(fields);
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
