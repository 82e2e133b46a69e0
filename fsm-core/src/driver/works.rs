//! The work under way: futures in a slab, polled within the run's own task.
//!
//! A future is polled as soon as it is started: many are ready at once and never need a place.
//! One that is pending stays in the place of its token and has a waker that notes the place; so
//! cancelled work is dropped where it lies, without a search.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use atomic_waker::AtomicWaker;

use crate::kernel::{Outcome, Ticket};
use crate::machine::Work;

pub(super) struct Works<E> {
    places: Vec<Place<E>>,
    woken: Arc<Woken>,
    /// Kept between polls for its memory.
    batch: Vec<u32>,
    pending: usize,
}

struct Place<E> {
    bell: Arc<Bell>,
    waker: Waker,
    work: Option<(Ticket, Work<E>)>,
}

/// The places whose futures can go on, and the task to be told of it.
struct Woken {
    // Holds each place at most once, as its bell says. Never held while a future is polled.
    places: Mutex<Vec<u32>>,
    task: AtomicWaker,
}

struct Bell {
    place: u32,
    rung: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.woken.places.lock().unwrap_or_else(PoisonError::into_inner).push(self.place);
            self.woken.task.wake();
        }
    }
}

impl<E> Works<E> {
    pub(super) fn new() -> Self {
        let woken = Woken { places: Mutex::new(Vec::new()), task: AtomicWaker::new() };
        Self { places: Vec::new(), woken: Arc::new(woken), batch: Vec::new(), pending: 0 }
    }

    /// Whether nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.pending == 0
    }

    /// Starts work: its outcome if it is ready at once.
    pub(super) fn start(&mut self, ticket: Ticket, mut work: Work<E>) -> Option<Outcome<E>> {
        while self.places.len() <= ticket.slot() {
            let bell = Arc::new(Bell {
                place: self.places.len() as u32,
                rung: AtomicBool::new(false),
                woken: self.woken.clone(),
            });
            let waker = Waker::from(bell.clone());
            self.places.push(Place { bell, waker, work: None });
        }
        let place = &mut self.places[ticket.slot()];
        match work.as_mut().poll(&mut Context::from_waker(&place.waker)) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => {
                place.work = Some((ticket, work));
                self.pending += 1;
                None
            }
        }
    }

    /// Drops what `ticket` started, if it is still under way.
    pub(super) fn cancel(&mut self, ticket: Ticket) {
        if let Some(place) = self.places.get_mut(ticket.slot())
            && place.work.as_ref().is_some_and(|(holder, _)| *holder == ticket)
        {
            place.work = None;
            self.pending -= 1;
        }
    }

    /// Polls what was woken; hands each outcome to `ended`. Whether there was any.
    pub(super) fn poll(
        &mut self,
        task: &mut Context<'_>,
        mut ended: impl FnMut(Ticket, Outcome<E>),
    ) -> bool {
        // Registered before looking, so that a wake-up in between is not lost.
        self.woken.task.register(task.waker());
        let mut batch = std::mem::take(&mut self.batch);
        {
            let mut woken = self.woken.places.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut batch, &mut *woken);
        }
        let mut any = false;
        for index in batch.drain(..) {
            let place = &mut self.places[index as usize];
            place.bell.rung.store(false, Ordering::Release);
            let Some((ticket, work)) = &mut place.work else { continue };
            if let Poll::Ready(outcome) = work.as_mut().poll(&mut Context::from_waker(&place.waker))
            {
                let ticket = *ticket;
                place.work = None;
                self.pending -= 1;
                any = true;
                ended(ticket, outcome);
            }
        }
        self.batch = batch;
        any
    }
}
