//! Rate limits: so many units in a window of time, first come, first served.
//!
//! A [`Bucket`] has one or more [`Rate`]s, which all must allow a grant, and one queue. A
//! [`Turn`] is a call's way through several buckets: its own, its resource's, the one of all. A
//! [`RateLimiter`] has a bucket by name, for use without a flow.
//!
//! # What a rate promises
//!
//! *No window of the length W ever holds more than N units.* The usual algorithms do not hold this:
//! counting by the minute lets 2 N through around the full minute, and a token bucket (or its
//! modern form, GCRA) with a burst of N lets N through at once and N - 1 more while the first are
//! still in the window. A **window ring** holds it exactly: it knows the instants of the last N
//! units, and grants one more when fewer than N of them are less than W ago. GCRA is still good for
//! what it was made for, the **pace** after a burst; so a rate with a burst has both, and both must
//! allow.
//!
//! What counts is when a unit is really used, never the instant for which a timer was set: a late
//! task makes its window late, not too full. By itself a grant is used when it is taken. But a
//! request leaves later than that, because a connection may have to be set up first: fifteen grants
//! in three windows, and one slow handshake, would let all of them arrive at once. So a turn may be
//! given a [`Departure`](crate::Departure) ([`Turn::departing`]): then its units count as used as
//! long as the request is here, and for the length of the window from when it left. What is called
//! off before it left was never used. Nobody has to be told when a request leaves; the ring looks
//! when it is asked.
//!
//! # Who is next
//!
//! Rights are by arrival. A place may be taken as soon as there is room *for everything that waits
//! before it and itself*. So a heavy call is never starved by light ones that would fit; who
//! comes back late for its turn blocks nobody, but its room stays reserved; and nobody overtakes.
//! Those that sleep here ([`Bucket::acquire`], [`Turn::wait`]) are woken one after the other, so
//! they are served strictly in order.
//!
//! A flow's calls do not sleep here. They ask with [`Turn::take`] and are told a point in time;
//! the machine that drives them waits for it as it waits for anything, with the same timer and
//! without holding a slot. That point is computed from the number of units ahead and the ring, not
//! by playing the queue through: unit j of those to come is granted a window after unit j - N,
//! whether that one is in the ring or waits itself. It is a lower bound, and exact where weights are
//! equal, one rate decides, and everything has left. Where it is too early, the answer at that time
//! is a later one. It is never too late, unless something is called off, which makes room at once:
//! who sleeps is woken for that, who was told a point in time comes then.
//!
//! # What a server says
//!
//! [`Bucket::hold`] and [`Bucket::believe`] take a server's word for a wait and for what remains of a
//! quota. It can only make the limit tighter.
//!
//! # What it costs
//!
//! A grant that does not have to wait: a lock, a look at the ring, and one more instant in it, a
//! bucket; one look at the clock for all. The ring has at most as many entries of 16 bytes as left
//! within its window, and one of 24 for each that has not left, so a limit of a million costs
//! nothing before it is used. Who waits
//! costs some 80 bytes beside its turn, and some 140 if it sleeps; getting in line, asking, and
//! leaving are O(log n), and O(h) more where h requests have not left. However many sleep, a bucket has one timer, and the first one has it.
//!
//! Time is tokio's clock, so a test can pause it.

mod bucket;
mod claim;
mod epoch;
mod error;
mod history;
mod limiter;
mod line;
mod pace;
mod rate;
mod sleepers;
mod state;
mod status;
mod turn;
mod wish;

pub use bucket::Bucket;
pub use error::LimitError;
pub use limiter::RateLimiter;
pub use rate::Rate;
pub use status::LimitStatus;
pub use turn::{NotYet, Turn};

#[cfg(test)]
mod proof;
