//! Waking the runs of a group.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::Waker;

use crate::desk::lock;

/// Those that a commit wakes.
///
/// A thread of a runtime that sleeps may be woken onto the writer's own core and take its place. So that
/// the others of the group need not wait for the writer then, whoever was woken helps it.
#[derive(Debug, Default)]
pub(crate) struct Bell(Mutex<VecDeque<Waker>>);

impl Bell {
    /// Wakes all of them.
    pub(crate) fn ring(&self, wakers: &mut Vec<Waker>) {
        lock(&self.0).extend(wakers.drain(..));
        self.help();
    }

    /// Wakes those that are left.
    pub(crate) fn help(&self) {
        loop {
            // Others help meanwhile: nothing is locked while one of them is woken.
            let next = lock(&self.0).pop_front();
            let Some(next) = next else { return };
            next.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    use super::*;

    /// Takes the writer's place when it is woken, and helps; then tells whether the other is awake.
    struct Rude {
        bell: Arc<Bell>,
        other: Arc<Sleeper>,
        found_awake: AtomicBool,
    }

    impl Wake for Rude {
        fn wake(self: Arc<Self>) {
            let bell = self.bell.clone();
            std::thread::spawn(move || bell.help()).join().expect("it does not panic");
            self.found_awake.store(self.other.0.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    #[derive(Default)]
    struct Sleeper(AtomicBool);

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_is_woken_wakes_the_others_while_the_writer_is_held_up() {
        let (bell, other) = (Arc::new(Bell::default()), Arc::new(Sleeper::default()));
        let found_awake = AtomicBool::new(false);
        let rude = Arc::new(Rude { bell: bell.clone(), other: other.clone(), found_awake });
        bell.ring(&mut vec![Waker::from(rude.clone()), Waker::from(other)]);
        assert!(rude.found_awake.load(Ordering::Relaxed));
    }

    #[test]
    fn the_writer_wakes_all_if_nobody_helps() {
        let sleepers: Vec<Arc<Sleeper>> = (0..3).map(|_| Arc::default()).collect();
        Bell::default().ring(&mut sleepers.iter().cloned().map(Waker::from).collect());
        assert!(sleepers.iter().all(|sleeper| sleeper.0.load(Ordering::Relaxed)));
    }
}
