//! The command `fsm`: runs, checks, and draws flows of API calls, and simulates machines.
//!
//! A thin skin over the libraries: it reads arguments and files, lets the libraries work, and
//! shows what comes back. Results go to stdout, everything else to stderr.
//!
//! | module | what it holds |
//! |---|---|
//! | `args` | the command line |
//! | `commands` | one module a command |
//! | `source` | files of flows and machines, read and loaded |
//! | `input` | the input of a run, the context of a simulation |
//! | `simulate` | machines driven by hand |
//! | `debug` | runs with breakpoints and single steps |
//! | `journal` | runs that are kept: found, listed, told, attended to |
//! | `execution` | a run that is watched and can be interrupted |
//! | `signals` | SIGINT and SIGTERM |
//! | `watch` | the kernel's moves, told as what happens to endpoints |
//! | `progress`, `board` | a line for each endpoint on a terminal |
//! | `log` | tracing, where it is asked for |
//! | `output` | stdout and files |
//! | `error`, `diagnostics` | what can go wrong, and how it is shown |
//! | `nearest` | the name that was meant |
//! | `exit` | exit codes |

mod args;
mod board;
mod commands;
mod debug;
mod diagnostics;
mod error;
mod execution;
mod exit;
mod input;
mod journal;
mod log;
mod nearest;
mod output;
mod progress;
mod signals;
mod simulate;
mod source;
mod watch;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::perform(args::parse()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            diagnostics::show(&error);
            error.exit().into()
        }
    }
}
