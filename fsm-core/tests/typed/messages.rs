//! What the compiler says to those who err. The messages are kept as text, beside the code that
//! provokes them, in `tests/ui`.
//!
//! Every compiler words its messages a little differently, so they are compared with the one that
//! CI has and skipped with any other, aloud; where the variable CI is set that is a failure. To keep
//! new texts, run the test with `TRYBUILD=overwrite` and read them.

use std::io::Write;
use std::process::Command;

const COMPILER: &str = "rustc 1.95.";

#[test]
fn wrong_types_are_refused_in_words_that_can_be_read() {
    let version = Command::new("rustc").arg("--version").output().expect("a compiler");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if !version.starts_with(COMPILER) {
        assert!(
            std::env::var_os("CI").is_none(),
            "the texts are those of {COMPILER}, not {version}"
        );
        // Past the capture of the test harness, so that a run that passes shows it.
        let skipped = format!("SKIPPED: the texts are those of {COMPILER}, this is {version}");
        drop(writeln!(std::io::stderr(), "{skipped}"));
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
