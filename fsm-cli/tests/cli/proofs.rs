//! `fsm check --deep`: what is proven, what is not, and how it is told.

use std::fs;
use std::path::PathBuf;

use crate::command::{Ended, fsm, run_with_stdin};

/// A flow with a secret that nobody has: a proof needs none.
const CHECKOUT: &str = "fsm: 1
name: checkout
mode: hybrid
total_timeout: 30s
resources:
  shop:
    base_url: https://shop.example.com
    auth: { bearer: { token: { env: FSM_TEST_NO_SUCH_SECRET } } }
endpoints:
  - { name: stock, resource: shop, url: /stock/7, retry_count: 3 }
  - { name: price, resource: shop, url: /prices/7, error_handler: { amount: 100 } }
  - { name: order, resource: shop, url: /orders, method: POST, depends_on: [stock, price],
      condition: $data.stock.count > 0 }
";

/// `fail_fast` ends the run before the alert could be sent.
const ALERT: &str = "fsm: 1
name: charge
mode: sequential
fail_fast: true
endpoints:
  - { name: charge, url: https://pay.example.com/charges, method: POST }
  - { name: alert, url: https://ops.example.com/alerts, method: POST,
      condition: $steps.charge.status == 'failed' }
";

const LIGHT: &str = "fsm: 1
name: light
initial: red
states:
  red: { after: { 30s: green } }
  green: { after: { 20s: red } }
";

/// Its seat is released again and again for as long as that fails.
const BOOKING: &str = "fsm: 1
name: booking
initial: charging
states:
  charging: { invoke: charge card, done: booked, failed: releasing }
  releasing: { invoke: release seat, done: left, failed: releasing }
  booked: { final: true }
  left: { final: true }
";

/// Nothing holds for five.
const GAP: &str = "fsm: 1
name: gap
initial: idle
context: { n: 0 }
states:
  idle: { on: { order: { to: judge, actions: { set: { n: $event.count } } } } }
  judge: { always: [{ to: high, guard: $context.n > 5 }, { to: low, guard: $context.n < 5 }] }
  high: { final: true }
  low: { final: true }
";

/// Whether the key fits is known to Rust alone.
const DOOR: &str = "fsm: 1
name: door
initial: closed
states:
  closed: { on: { turn: { to: trying, actions: click } } }
  trying: { always: [{ to: open, guard: key fits }, { to: closed, guard: key is stuck }] }
  open: { on: { shut: closed } }
";

/// A folder of this test with these files, so that no message holds a path of this machine.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let unused = PathBuf::from(crate::command::file("unused", ""));
        let folder = unused.parent().expect("its folder").to_owned();
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("it can be written");
        }
        Self(folder)
    }

    fn check(&self, arguments: &[&str]) -> Ended {
        let mut command = fsm(["check"]);
        command.args(arguments).current_dir(&self.0);
        Ended::of(command.output().expect("the binary starts"))
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.join(name)).ok()
    }
}

#[test]
fn a_sound_flow_is_proven_without_its_secrets() {
    let ended = Folder::with(&[("checkout.yaml", CHECKOUT)]).check(&["--deep", "checkout.yaml"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @"
    checkout.yaml: ok, 3 endpoints, 13 states
      proven     nothing gets stuck
      proven     nothing is left behind at the end
      proven     a crash between any two steps loses nothing
      proven     a run can be cancelled at any time
      proven     a run can always end
      proven     the deadline ends every run
      proven     every state can be reached
      proven     every transition can be taken
      proven     no failure is repeated for ever
      proven     a run in which all is answered can end
      proven     time goes on
      explored all there is: 11 states of a run, 27 steps, at most 3 from the start; the bound was 250000 states
    ");
}

#[test]
fn a_sound_machine_without_an_end_can_always_go_on() {
    let ended = Folder::with(&[("light.yaml", LIGHT)]).check(&["light.yaml", "--deep"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ended.stdout, @"
    light.yaml: ok, 2 states, 2 transitions
      proven     nothing gets stuck
      proven     nothing is left behind at the end
      proven     a crash between any two steps loses nothing
      proven     a run can be cancelled at any time
      proven     a run can always go on
      proven     every state can be reached
      proven     every transition can be taken
      proven     time goes on
      explored all there is: 3 states of a run, 3 steps, at most 2 from the start; the bound was 250000 states
    ");
}

#[test]
fn what_is_refuted_of_a_machine_comes_with_a_way_to_it() {
    let ended = Folder::with(&[("booking.yaml", BOOKING)]).check(&["--deep", "booking.yaml"]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stdout, @"
    booking.yaml: ok, 4 states, 4 transitions; to be bound in Rust: activity `charge card`, `release seat`
      proven     nothing gets stuck
      proven     nothing is left behind at the end
      proven     a crash between any two steps loses nothing
      proven     a run can be cancelled at any time
      proven     a run can always end
      proven     every state can be reached
      proven     every transition can be taken
      refuted    no failure is repeated for ever:
                   1. the run begins -> charging
                   2. from here on everything fails -> charging
                   3. `charging` fails for good -> releasing
                   4. `releasing` fails for good -> releasing
                      and so on, again and again from 4
      proven     a run in which all is answered can end
      proven     time goes on
      explored all there is: 5 states of a run, 5 steps, at most 3 from the start; the bound was 250000 states
    ");
    insta::assert_snapshot!(ended.stderr, @"
    error: booking.yaml: 1 of 10 properties does not hold
    hint: the way to it stands above; `--draw way.svg` draws it
    ");
}

#[test]
fn a_call_that_can_never_be_made_is_named() {
    let ended = Folder::with(&[("alert.yaml", ALERT)]).check(&["--deep", "alert.yaml"]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stdout, @"
    alert.yaml: ok, 2 endpoints, 6 states
      proven     nothing gets stuck
      proven     nothing is left behind at the end
      proven     a crash between any two steps loses nothing
      proven     a run can be cancelled at any time
      proven     a run can always end
      proven     fail_fast ends the run at once
      refuted    every state can be reached; never seen:
                   `alert`
      refuted    every transition can be taken; never seen:
                   `alert.check` -> `alert` at once [$steps.charge.status == 'failed']
                   `alert` -> `run settles` on done
                   `alert` -> `run settles` on failed [unknown outcome]
                   `alert` -> `run settles` on failed
      proven     no failure is repeated for ever
      proven     a run in which all is answered can end
      proven     time goes on
      explored all there is: 4 states of a run, 4 steps, at most 2 from the start; the bound was 250000 states
    ");
    assert_eq!(ended.stderr, "error: alert.yaml: 2 of 11 properties do not hold\n");
}

#[test]
fn a_bound_that_is_reached_leaves_things_undecided_and_is_a_warning() {
    let folder = Folder::with(&[("checkout.yaml", CHECKOUT), ("booking.yaml", BOOKING)]);
    let ended = folder.check(&["--deep", "--max-states", "3", "checkout.yaml"]);
    assert_eq!(ended.code, Some(0));
    insta::assert_snapshot!(ended.stdout, @"
    checkout.yaml: ok, 3 endpoints, 13 states
      undecided  nothing gets stuck
      undecided  nothing is left behind at the end
      undecided  a crash between any two steps loses nothing
      undecided  a run can be cancelled at any time
      undecided  a run can always end
      undecided  the deadline ends every run
      undecided  every state can be reached
      undecided  every transition can be taken
      proven     no failure is repeated for ever
      proven     a run in which all is answered can end
      proven     time goes on
      explored a part: 3 states of a run, 5 steps, at most 2 from the start; stopped at 3 states
    ");
    insta::assert_snapshot!(ended.stderr, @"
    warning: checkout.yaml: stopped at 3 states, so not everything was explored
    hint: `--max-states` and `--time-limit` set how far to go
    ");

    let ended =
        folder.check(&["--deep", "--max-states", "1000", "--time-limit", "1m", "booking.yaml"]);
    assert!(!ended.stdout.contains("undecided"), "{}", ended.stdout);
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

#[test]
fn a_time_that_is_over_leaves_things_undecided() {
    let many: String = (0..12)
        .map(|n| format!("  - {{ name: c{n}, url: https://example.com/{n}, retry_count: 3 }}\n"))
        .collect();
    let text =
        format!("fsm: 1\nname: many\nmode: parallel\nerror_threshold: 0.5\nendpoints:\n{many}");
    let ended = Folder::with(&[("many.yaml", &text)]).check(&[
        "--deep",
        "many.yaml",
        "--time-limit",
        "1ms",
    ]);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert!(ended.stdout.contains("\n  undecided  a run can always end\n"), "{}", ended.stdout);
    let said = "warning: many.yaml: stopped after 1ms, so not everything was explored\n";
    assert!(ended.stderr.starts_with(said), "{}", ended.stderr);
}

#[test]
fn the_way_to_what_is_refuted_is_drawn() {
    let folder = Folder::with(&[("booking.yaml", BOOKING)]);
    let ended = folder.check(&["--deep", "booking.yaml", "--draw", "way.dot"]);
    assert_eq!(ended.code, Some(2));
    let told = "error: booking.yaml: 1 of 10 properties does not hold\n";
    assert_eq!(ended.stderr, told, "who has drawn it needs no hint");
    let dot = folder.read("way.dot").expect("it was written");
    let on_the_way = dot.lines().filter(|line| line.contains("penwidth=3"));
    insta::assert_snapshot!(on_the_way.collect::<Vec<_>>().join("\n"), @r##"
    s_charging [label="charging\ncharge card", fillcolor="#e3effa", color="#7a1fa2", penwidth=3]
    s_releasing [label="releasing\nrelease seat\nactive", fillcolor="#ffd966", color="#1f2933", penwidth=3]
    s_charging -> s_releasing [label=" failed ", style=dashed, penwidth=3, color="#7a1fa2", fontcolor="#7a1fa2"]
    s_releasing -> s_releasing [label=" failed ", style=dashed, penwidth=3, color="#7a1fa2", fontcolor="#7a1fa2"]
    "##);

    folder.check(&["--deep", "booking.yaml", "--draw", "way.svg"]);
    let svg = folder.read("way.svg").expect("it was written");
    assert!(svg.starts_with("<svg") && svg.contains("releasing"), "{svg}");
}

#[test]
fn where_there_is_no_way_nothing_is_drawn_and_that_is_said() {
    let folder = Folder::with(&[("light.yaml", LIGHT), ("alert.yaml", ALERT)]);
    let said = "way.svg was not written: there is no way to draw\n";
    let ended = folder.check(&["--deep", "light.yaml", "--draw", "way.svg"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), said));
    let ended = folder.check(&["--deep", "alert.yaml", "--draw", "way.svg"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.ends_with(said), "{}", ended.stderr);
    assert_eq!(folder.read("way.svg"), None);
}

#[test]
fn of_several_files_each_is_proven_and_the_first_way_is_drawn() {
    let folder = Folder::with(&[
        ("light.yaml", LIGHT),
        ("booking.yaml", BOOKING),
        ("gap.yaml", GAP),
        ("checkout.yaml", CHECKOUT),
    ]);
    let files = ["light.yaml", "booking.yaml", "gap.yaml", "checkout.yaml"];
    let ended = folder.check(&[&["--deep", "--draw", "way.dot"], &files[..]].concat());
    assert_eq!(ended.code, Some(2));
    let heads: Vec<&str> = ended.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(heads.len(), 4, "{}", ended.stdout);
    for (head, file) in heads.iter().zip(files) {
        assert!(head.starts_with(&format!("{file}: ok, ")), "{head}");
    }
    assert!(ended.stderr.ends_with("error: 2 of 4 files are faulty\n"), "{}", ended.stderr);
    assert!(folder.read("way.dot").expect("it was written").contains("label=\"booking\""));
}

#[test]
fn stdin_is_proven_as_well() {
    let ended = run_with_stdin(&["check", "--deep", "-"], BOOKING);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.starts_with("stdin: ok, 4 states, 4 transitions; to be bound in Rust: "));
    assert!(ended.stderr.starts_with("error: stdin: 1 of 10 properties does not hold\n"));
}

#[test]
fn guards_in_rust_may_answer_either_way() {
    let ended = Folder::with(&[("door.yaml", DOOR)]).check(&["--deep", "door.yaml"]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.stdout, @"
    door.yaml: ok, 3 states, 4 transitions; to be bound in Rust: guard `key fits`, `key is stuck`; action `click`
      refuted    nothing gets stuck:
                   1. the run begins -> closed
                   2. event `turn` (`key fits` does not hold, `key is stuck` does not hold) -> trying
      proven     nothing is left behind at the end
      proven     a crash between any two steps loses nothing
      proven     a run can be cancelled at any time
      proven     a run can always go on
      proven     every state can be reached
      proven     every transition can be taken
      proven     time goes on
      explored all there is: 4 states of a run, 5 steps, at most 2 from the start; the bound was 250000 states
    ");
    insta::assert_snapshot!(ended.stderr, @"
      ☞ `trying` has no way on, where `key fits` does not hold, `key is stuck` does not hold
       ╭─[door.yaml:6:13]
     5 │   closed: { on: { turn: { to: trying, actions: click } } }
     6 │   trying: { always: [{ to: open, guard: key fits }, { to: closed, guard: key is stuck }] }
       ·             ───┬──
       ·                ╰── here
     7 │   open: { on: { shut: closed } }
       ╰────
      help: no guard holds, and the machine is stuck: let a last transition have no guard

    error: door.yaml: 1 of 8 properties does not hold
    hint: the way to it stands above; `--draw way.svg` draws it
    ");
}

#[test]
fn a_warning_needs_no_proof_and_a_proof_tells_what_follows_from_it() {
    let folder = Folder::with(&[("gap.yaml", GAP)]);
    let plain = folder.check(&["gap.yaml"]);
    assert_eq!(
        (plain.code, plain.stdout.as_str()),
        (Some(0), "gap.yaml: ok, 4 states, 3 transitions\n")
    );
    insta::assert_snapshot!(plain.stderr, @"
     ⚠ `judge` has no way on, where $context.n = 5
      ╭─[gap.yaml:7:12]
    6 │   idle: { on: { order: { to: judge, actions: { set: { n: $event.count } } } } }
    7 │   judge: { always: [{ to: high, guard: $context.n > 5 }, { to: low, guard: $context.n < 5 }] }
      ·            ───┬──
      ·               ╰── here
    8 │   high: { final: true }
      ╰────
     help: no guard holds, and the machine is stuck: let a last transition have no guard
    ");

    let deep = folder.check(&["--deep", "gap.yaml"]);
    assert_eq!(deep.code, Some(2));
    assert!(deep.stderr.starts_with(&plain.stderr), "{}", deep.stderr);
    assert!(deep.stdout.contains("  refuted    nothing gets stuck:\n"), "{}", deep.stdout);
}

#[test]
fn a_file_with_faults_is_not_proven() {
    let faulty = BOOKING.replace("done: left", "done: lift");
    let ended = Folder::with(&[("booking.yaml", &faulty)]).check(&["--deep", "booking.yaml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.ends_with("error: booking.yaml has a fault\n"), "{}", ended.stderr);
}

#[test]
fn the_options_of_a_proof_need_deep() {
    let folder = Folder::with(&[("light.yaml", LIGHT)]);
    for option in [["--max-states", "3"], ["--time-limit", "1s"], ["--draw", "way.svg"]] {
        let ended = folder.check(&[&option[..], &["light.yaml"]].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{option:?}");
        assert!(ended.stderr.contains("\n  --deep\n"), "{}", ended.stderr);
    }
    for (option, text) in [("--max-states", "few"), ("--time-limit", "soon")] {
        let ended = folder.check(&["--deep", option, text, "light.yaml"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{option}");
        assert!(ended.stderr.contains(&format!("invalid value '{text}' for '{option} ")));
    }
}

#[test]
fn a_drawing_that_cant_be_written_is_an_error() {
    let folder = Folder::with(&[("booking.yaml", BOOKING)]);
    let ended = folder.check(&["--deep", "booking.yaml", "--draw", "none/way.svg"]);
    assert_eq!(ended.code, Some(2));
    let said = "error: none/way.svg can't be written: there is no such folder\n";
    assert_eq!(ended.stderr, said);
}
