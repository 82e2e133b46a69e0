//! Sessions as they look: what was typed stands in the transcript where a terminal shows it.

use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::Rc;

use fsm_patterns::machine;

use super::{Assumptions, Paint, hold};

/// What stands on the terminal.
#[derive(Clone, Default)]
struct Transcript(Rc<RefCell<Vec<u8>>>);

impl Write for Transcript {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Somebody who types, and whose terminal echoes it.
struct Keyboard {
    typed: Cursor<Vec<u8>>,
    echo: Transcript,
}

impl Read for Keyboard {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.typed.read(bytes)
    }
}

impl BufRead for Keyboard {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.typed.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let at = usize::try_from(self.typed.position()).expect("it is short");
        let echoed = &self.typed.get_ref()[at..at + count];
        self.echo.0.borrow_mut().extend_from_slice(echoed);
        self.typed.consume(count);
    }
}

/// The transcript of a session in which these lines are typed.
fn session(machine: &str, lines: &[&str], paint: Paint) -> String {
    let file = machine::load("machine.yaml", machine).expect("the machine is sound");
    let mut transcript = Transcript::default();
    let mut keyboard = Keyboard {
        typed: Cursor::new(lines.iter().map(|line| format!("{line}\n")).collect::<String>().into()),
        echo: transcript.clone(),
    };
    let context = file.context().clone();
    let assumptions = Assumptions::default();
    hold(file, &context, &assumptions, &mut keyboard, &mut transcript, paint)
        .expect("a transcript can be written");
    let bytes = transcript.0.take();
    String::from_utf8(bytes).expect("the transcript is text")
}

fn told(machine: &str, lines: &[&str]) -> String {
    session(machine, lines, Paint::new(false))
}

const COFFEE: &str = r#"fsm: 1
name: coffee
initial: idle
context: { paid: 0, price: 3 }
states:
  idle:
    on:
      coin: { actions: { set: { paid: $context.paid + $event.value } } }
      select: { to: brewing, guard: $context.paid >= $context.price }
      repair: { to: idle, guard: has key }
    after: { 30s: asleep }
  asleep:
    on: { press: idle }
  brewing:
    entry: beep
    invoke: { activity: brew, timeout: 10s, done: ready, failed: idle, timed_out: idle }
  ready:
    on: { take: { to: idle, actions: { set: { paid: 0 } } } }
"#;

#[test]
fn a_session_shows_where_the_machine_stands_and_why_it_refuses() {
    let lines = [
        "select",
        "1",
        r#"{"value": 2}"#,
        r#"coin={"value": 1}"#,
        "select",
        "",
        "t",
        "b",
        "1",
        "p",
        "q",
    ];
    insta::assert_snapshot!(told(COFFEE, &lines));
}

#[test]
fn a_guard_that_is_rust_code_is_asked_for_once() {
    let lines = [
        "repair",
        "",
        "repair",
        "maybe",
        "n",
        "repair",
        "assume has key=true",
        "repair",
        "assume x=true",
    ];
    insta::assert_snapshot!(told(COFFEE, &lines));
}

#[test]
fn what_cannot_be_read_is_told_and_the_session_goes_on() {
    let lines = [
        "b",
        "99",
        "0",
        "coin=abc",
        "+5x",
        "1",
        "{oops",
        "no such",
        "done:brewing",
        "+30s,done:x,press",
        "c",
        "?",
    ];
    insta::assert_snapshot!(told(COFFEE, &lines));
}

#[test]
fn the_drawing_shows_the_way_that_was_come() {
    let shown = told(COFFEE, &["+30s", "d"]);
    assert!(shown.contains("digraph"), "{shown}");
    assert!(shown.contains("asleep\\nactive"), "{shown}");
}

#[test]
fn the_drawing_is_written_to_a_file_as_its_name_tells() {
    let folder = std::env::temp_dir().join(format!("fsm-view-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("there is a folder for temporary files");
    for (name, begins) in [("way.svg", "<svg "), ("way.dot", "digraph "), ("way.mmd", "---\n")] {
        let path = folder.join(name);
        let typed = format!("d {}", path.display());
        let shown = told(COFFEE, &["+30s", &typed]);
        assert!(shown.contains(&format!("written to {}", path.display())), "{shown}");
        let drawn = std::fs::read_to_string(&path).expect("it is there");
        assert!(drawn.starts_with(begins), "{drawn}");
        assert!(drawn.contains("active"), "{drawn}");
    }
    let shown = told(COFFEE, &["d way.png", &format!("d {}/none/way.svg", folder.display())]);
    assert!(shown.contains("it ends in .svg, .dot, or .mmd"), "{shown}");
    assert!(shown.contains("there is no such folder"), "{shown}");
    std::fs::remove_dir_all(&folder).expect("what was made can be removed");
}

#[test]
fn a_session_ends_with_its_input_also_within_a_question() {
    for lines in [&[][..], &["repair"], &["1"]] {
        assert!(told(COFFEE, lines).ends_with('\n'), "{lines:?}");
    }
}

#[test]
fn the_end_of_a_run_can_be_taken_back() {
    let machine =
        "fsm: 1\nname: m\ninitial: a\nstates: { a: { on: { go: b } }, b: { final: true } }\n";
    insta::assert_snapshot!(told(machine, &["go", "go", "b"]));
}

#[test]
fn a_machine_that_is_stuck_says_where_and_why() {
    let machine = "fsm: 1
name: m
initial: work
states:
  work: { invoke: { activity: w, done: { to: which, guard: $event.n > 1 }, failed: work } }
  which: { always: { to: work, guard: $context.again } }
";
    insta::assert_snapshot!(told(machine, &["done:work", "b", "1", "{\"n\": 2}", "failed:work"]));
}

#[test]
fn timers_beyond_the_next_and_ways_that_are_shut_are_shown_beside() {
    let machine = "fsm: 1
name: m
initial: both
context: { n: 1 }
states:
  both:
    parallel: true
    after: { 1m: over }
    states:
      left:
        initial: a
        states:
          a: { on: { go: [ { to: b, guard: $context.n > 1 }, { to: c } ] }, after: { 5s: b } }
          b: { on: { go: a } }
          c: { on: { go: a } }
      right:
        initial: x
        states:
          x: { on: { go: y }, after: { 7.5s: y } }
          y: { on: { go: x } }
  over: { on: { go: both } }
";
    insta::assert_snapshot!(told(machine, &["go", "+100s", "p"]));
}

#[test]
fn a_machine_that_goes_nowhere_says_so() {
    let machine = "fsm: 1\nname: m\ninitial: a\nstates: { a: { on: { go: a } } }\n";
    assert!(told(machine, &["go"]).contains("go: a → a"));
}

#[test]
fn names_steer_no_terminal_and_colours_are_there_only_if_wanted() {
    let machine = "fsm: 1\nname: m\ninitial: \"a\\e[31m\"\nstates: { \"a\\e[31m\": { on: { \"b\\e[2J\": \"a\\e[31m\" } } }\n";
    let shown = told(machine, &["1", "nonsense\u{1b}[2J", "p"]);
    assert!(
        shown.lines().filter(|line| !line.starts_with('>')).all(|line| !line.contains('\u{1b}')),
        "{shown}"
    );
    let painted = session(COFFEE, &["1", "", "q"], Paint::new(true));
    assert!(painted.contains("\u{1b}["), "{painted}");
}
