//! Processes that are killed while they drive runs, hundreds of times, and what has to hold in the end.
//!
//! The test is the parent: it answers the calls of flows, starts this binary again as a child that
//! drives them over a journal on disk, kills it at a random moment, starts the next one, and at last
//! holds what the server saw against what the journal says.
//!
//! | file | what it holds |
//! |---|---|
//! | `stories` | the flows, and what may become of them |
//! | `server` | the API that they call, which counts, fails, and hangs up |
//! | `child` | the process that is killed |
//! | `reaper` | one round: lives are begun and ended until every run is over |
//! | `promises` | what has to hold of a round |
//! | `hasty` | a journal that says "durable" too soon, to be caught |
//! | `chance` | everything random, from one seed |
//!
//! `FSM_KILLS=5000` ends so many lives instead of a few hundred, `FSM_CRASH_SEED` takes up a seed that
//! was printed. A real kill comes when it comes: the same seed gives the same runs, answers, and plans
//! to kill, not the same moment within a process.

mod chance;
mod child;
mod hasty;
mod promises;
mod reaper;
mod server;
mod stories;

use std::time::{SystemTime, UNIX_EPOCH};

use reaper::{Round, Tally};

/// The lives that are ended in a normal run, of both tests together.
const KILLS: u32 = 300;

/// Nobody reads a journal of more runs than these lives leave behind.
const KILLS_A_ROUND: u32 = 250;

#[test]
fn whatever_is_killed_goes_on_and_nothing_is_done_twice() {
    prove("one process at a time", 1);
}

#[test]
fn two_processes_share_a_journal_and_take_over_from_each_other() {
    prove("two processes at once", 2);
}

#[test]
fn a_journal_that_says_durable_too_soon_is_caught() {
    let round = Round { seed: seed(), kills: 12, at_once: 1, hasty: true };
    let broken =
        round.play().expect_err("what was said to be durable was lost, and nobody noticed");
    let told = broken.to_string();
    let is_it = ["after what follows from its answer", "there is no run", "and was sent"];
    assert!(is_it.iter().any(|broken| told.contains(broken)), "{told}");
}

#[test]
#[ignore = "the process that is killed; the tests here start it"]
fn child() {
    child::live();
}

fn prove(what: &str, at_once: usize) {
    let kills = number("FSM_KILLS").map_or(KILLS, |kills| kills.max(2) as u32) / 2;
    let first = seed();
    let mut sum = Tally::default();
    while sum.kills < kills {
        let seed = chance::mix(first, &[u64::from(sum.kills), at_once as u64]);
        let kills = KILLS_A_ROUND.min(kills - sum.kills);
        let round = Round { seed, kills, at_once, hasty: false };
        match round.play() {
            Ok(tally) => sum += tally,
            Err(broken) => panic!("FSM_CRASH_SEED={first}, after {} kills: {broken}", sum.kills),
        }
    }
    use std::io::Write;
    let told = writeln!(std::io::stderr(), "{what}, FSM_CRASH_SEED={first}: {sum}");
    told.expect("stderr is open");
    sum.ensure_telling();
}

fn seed() -> u64 {
    number("FSM_CRASH_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos()) ^ now.as_secs()
    })
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}
