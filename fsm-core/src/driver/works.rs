//! The work under way: futures in a slab, polled within the run's own task.
//!
//! A future is polled as soon as it is started: many are ready at once and give their place back.
//! One that is pending stays in its place and has a waker that notes the place; its token knows
//! the place, too, so cancelled work is dropped where it lies, without a search. A place is used
//! again, and a waker that was left behind may wake its next work for nothing: futures bear that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use atomic_waker::AtomicWaker;

use crate::kernel::{Outcome, Ticket};
use crate::machine::Work;

pub(super) struct Works<E> {
    places: Vec<Place<E>>,
    /// Places without work.
    free: Vec<u32>,
    /// By the slot of the ticket: the place of its work.
    held: Vec<Option<u32>>,
    woken: Arc<Woken>,
    /// Kept between polls for its memory.
    batch: Vec<u32>,
    pending: usize,
}

struct Place<E> {
    waker: Waker,
    work: Option<(Ticket, Work<E>)>,
}

/// The places whose futures can go on, and the task to be told of it.
struct Woken {
    // A place is listed if and only if it has rung, so at most once. Never held while a future is
    // polled.
    list: Mutex<List>,
    task: AtomicWaker,
}

#[derive(Default)]
struct List {
    places: Vec<u32>,
    /// By place.
    rung: Vec<bool>,
}

struct Bell {
    place: u32,
    woken: Arc<Woken>,
}

impl Woken {
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut list = self.woken.list();
        if std::mem::replace(&mut list.rung[self.place as usize], true) {
            return;
        }
        list.places.push(self.place);
        // Whoever listed the first one wakes the task, and it takes the whole list.
        let is_first = list.places.len() == 1;
        drop(list);
        if is_first {
            self.woken.task.wake();
        }
    }
}

impl<E> Works<E> {
    pub(super) fn new() -> Self {
        let woken = Woken { list: Mutex::default(), task: AtomicWaker::new() };
        Self {
            places: Vec::new(),
            free: Vec::new(),
            held: Vec::new(),
            woken: Arc::new(woken),
            batch: Vec::new(),
            pending: 0,
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.pending == 0
    }

    /// Starts work: its outcome if it is ready at once.
    #[inline]
    pub(super) fn start(&mut self, ticket: Ticket, mut work: Work<E>) -> Option<Outcome<E>> {
        let index = match self.free.last() {
            Some(index) => *index,
            None => self.new_place(),
        };
        let place = &mut self.places[index as usize];
        match work.as_mut().poll(&mut Context::from_waker(&place.waker)) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => {
                place.work = Some((ticket, work));
                self.free.pop();
                if self.held.len() <= ticket.slot() {
                    self.held.resize(ticket.slot() + 1, None);
                }
                self.held[ticket.slot()] = Some(index);
                self.pending += 1;
                None
            }
        }
    }

    fn new_place(&mut self) -> u32 {
        let index = self.places.len() as u32;
        let waker = Waker::from(Arc::new(Bell { place: index, woken: self.woken.clone() }));
        self.places.push(Place { waker, work: None });
        self.woken.list().rung.push(false);
        self.free.push(index);
        index
    }

    /// Drops what `ticket` started, if it is still under way.
    pub(super) fn cancel(&mut self, ticket: Ticket) {
        let Some(Some(index)) = self.held.get(ticket.slot()).copied() else { return };
        let place = &mut self.places[index as usize];
        if place.work.as_ref().is_some_and(|(holder, _)| *holder == ticket) {
            place.work = None;
            self.free.push(index);
            self.held[ticket.slot()] = None;
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
            let mut list = self.woken.list();
            std::mem::swap(&mut batch, &mut list.places);
            for place in &batch {
                list.rung[*place as usize] = false;
            }
        }
        let mut any = false;
        for index in batch.drain(..) {
            let place = &mut self.places[index as usize];
            let Some((ticket, work)) = &mut place.work else { continue };
            if let Poll::Ready(outcome) = work.as_mut().poll(&mut Context::from_waker(&place.waker))
            {
                let ticket = *ticket;
                place.work = None;
                self.free.push(index);
                self.held[ticket.slot()] = None;
                self.pending -= 1;
                any = true;
                ended(ticket, outcome);
            }
        }
        self.batch = batch;
        any
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn, ready};
    use std::task::{Context, Poll, Waker};

    use super::Works;
    use crate::kernel::{Outcome, Ticket};

    fn ticket(slot: u32) -> Ticket {
        Ticket { slot, number: u64::from(slot) + 1 }
    }

    #[test]
    fn work_that_is_ready_at_once_gives_its_place_back() {
        let mut works = Works::<()>::new();
        for slot in 0..100 {
            assert!(works.start(ticket(slot), Box::pin(ready(Outcome::done()))).is_some());
        }
        assert_eq!(works.places.len(), 1);
        assert!(works.is_empty());
    }

    #[test]
    fn a_waker_that_was_left_behind_neither_ends_nor_loses_the_next_work_in_its_place() {
        let mut works = Works::<()>::new();
        let (tell, told) = std::sync::mpsc::channel::<Waker>();
        let leaving = poll_fn(move |task| {
            tell.send(task.waker().clone()).expect("the test listens");
            Poll::Ready(Outcome::done())
        });
        assert!(works.start(ticket(7), Box::pin(leaving)).is_some());
        let stale = told.recv().expect("it was polled");

        assert!(works.start(ticket(9), Box::pin(pending())).is_none());
        stale.wake();
        let mut task = Context::from_waker(Waker::noop());
        assert!(!works.poll(&mut task, |_, _| panic!("nothing has ended")));
        assert!(!works.is_empty());

        works.cancel(ticket(7));
        assert!(!works.is_empty(), "that ticket holds no place any more");
        works.cancel(ticket(9));
        assert!(works.is_empty());
    }
}
