//! This program once more, as a child: for what must not be measured (a server), and for what must
//! be measured alone (a peak of memory).
//!
//! A bench asks [`role`] first; where it is a child, it plays its role and returns.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const ROLE: &str = "FSM_BENCH_ROLE";

/// What this process was started for, if it is a child.
pub fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// A child process; dropping it ends it.
#[derive(Debug)]
pub struct Helper {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Helper {
    /// Starts this program again in another role. Its standard input stays open as long as this
    /// lives, so that a child which waits for its end outlives nobody.
    ///
    /// # Errors
    /// If the system can't start it.
    pub fn start(role: &str) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the child is mute"))?;
        Ok(Self { child, lines: BufReader::new(stdout) })
    }

    /// The next line that it prints.
    ///
    /// # Errors
    /// If it ended without another line.
    pub fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line)? {
            0 => Err(io::Error::other("the child ended before it had answered")),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // A child that has ended by itself needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory that this process ever held, in bytes; `None` where the system does not say
/// (it does on Linux).
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = kilobytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_has_a_peak_of_memory_and_it_grows_with_what_is_held() {
        let before = super::peak_memory().expect("Linux tells");
        let held = vec![1_u8; 64 << 20];
        assert_eq!(held[held.len() / 2], 1);
        assert!(super::peak_memory().expect("Linux tells") >= before + (48 << 20));
    }
}
