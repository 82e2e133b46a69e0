//! Does one scenario a given number of times and nothing else, for a tool that counts instructions.
//!
//! ```text
//! count dispatch 100000
//! ```
//!
//! prints how many steps that were. Counting two sizes and dividing the difference by the
//! difference in steps leaves what one step takes, without start and end: `.ci/instructions` does.

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use fsm_benches::door::{self, Deed, Door};
use fsm_benches::flows::{self, DIAMOND, Flow, Work, runtime};
use fsm_core::{Effects, Timestamp};

const CHAIN: usize = 100;
const FAN: usize = 100;
const DIAMONDS: usize = 30;

const USAGE: &str = "usage: count SCENARIO REPETITIONS
scenarios: dispatch, chain-ready, chain-pending, fan-ready, fan-pending, dag-ready, dag-pending";

fn main() -> ExitCode {
    match count() {
        Ok(steps) => {
            // The script reads the number from here.
            #[allow(clippy::print_stdout)]
            {
                println!("{steps}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            // There is nothing else to tell it to.
            #[allow(clippy::print_stderr)]
            {
                eprintln!("{error}\n{USAGE}");
            }
            ExitCode::from(2)
        }
    }
}

fn count() -> Result<usize, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let scenario = arguments.next().ok_or("the scenario is missing")?;
    let times = arguments.next().ok_or("the number of repetitions is missing")?;
    let times: usize =
        times.parse().map_err(|error| format!("`{times}` is no number of repetitions: {error}"))?;
    match scenario.as_str() {
        "dispatch" => dispatch(times),
        "chain-ready" => run(&flows::chain(CHAIN, Work::Ready)?, CHAIN, times),
        "chain-pending" => run(&flows::chain(CHAIN, Work::PendingOnce)?, CHAIN, times),
        "fan-ready" => run(&flows::fan(FAN, Work::Ready)?, FAN, times),
        "fan-pending" => run(&flows::fan(FAN, Work::PendingOnce)?, FAN, times),
        "dag-ready" => run(&flows::diamonds(DIAMONDS, Work::Ready)?, DIAMONDS * DIAMOND, times),
        "dag-pending" => {
            run(&flows::diamonds(DIAMONDS, Work::PendingOnce)?, DIAMONDS * DIAMOND, times)
        }
        other => Err(format!("`{other}` is no scenario").into()),
    }
}

fn dispatch(times: usize) -> Result<usize, Box<dyn Error>> {
    let deeds: Vec<Deed> = door::random(1_000);
    let machine = door::machine()?;
    let mut effects = Effects::new();
    for _ in 0..times {
        let mut run = machine.begin(Door::default());
        for deed in &deeds {
            let taken = machine.dispatch(&mut run, Timestamp::ZERO, *deed, &mut effects, &mut ());
            // The answer is looked at, and that is all: moving errors about is not the step.
            assert!(black_box(taken.is_ok()), "the door refused {deed:?}");
        }
        black_box(run.context());
    }
    Ok(times * deeds.len())
}

fn run(flow: &Flow, activities: usize, times: usize) -> Result<usize, Box<dyn Error>> {
    flows::run(&runtime(), flow, times);
    Ok(times * activities)
}
