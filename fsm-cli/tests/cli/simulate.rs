//! `fsm simulate`, and the other commands on machine files.

use serde_json::json;

use crate::command::{Ended, file, fsm, run, run_with_stdin};

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
    invoke:
      activity: brew
      timeout: 10s
      done: { to: ready, actions: { set: { cup: $event.cup } } }
      failed: broken
      timed_out: broken
  ready:
    on: { take: { to: idle, actions: { set: { paid: 0 } } } }
  broken:
    on: { repair: { to: idle, guard: has key } }
"#;

const PLAYER: &str = r#"fsm: 1
name: player
initial: off
states:
  off: { on: { power: on } }
  on:
    initial: playing
    on: { power: off }
    states:
      playing: { on: { pause: paused } }
      paused: { on: { pause: playing } }
"#;

const KEYBOARD: &str = r#"fsm: 1
name: keyboard
initial: keys
states:
  keys:
    parallel: true
    states:
      caps:
        initial: "off"
        states:
          "off": { on: { caps: on } }
          on: { on: { caps: off } }
      num:
        initial: "off"
        states:
          "off": { on: { num: on } }
          on: { on: { num: off } }
"#;

fn simulate(machine: &str, arguments: &[&str]) -> Ended {
    let path = file("machine.yaml", machine);
    run(["simulate", &path].into_iter().chain(arguments.iter().copied()))
}

#[test]
fn a_list_of_events_gives_one_object_with_the_way_that_was_come() {
    let coins =
        r#"coin={"value":1},select,coin={"value": 2},select,done:brewing={"cup":"large"},take"#;
    let ended = simulate(COFFEE, &["--events", coins]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(
        ended.json(),
        json!({
            "path": ["idle", "brewing", "ready", "idle"],
            "state": "idle",
            "context": { "paid": 0, "price": 3, "cup": "large" },
            "rejected": [{
                "event": "select",
                "state": "idle",
                "why": "`$context.paid >= $context.price` does not hold: paid is 1, price is 3",
            }],
        })
    );
    assert_eq!(
        ended.stderr,
        "note: Rust code that the file does not have, and that did nothing: `beep`\n"
    );
}

#[test]
fn no_events_at_all_show_where_the_machine_begins() {
    let ended = simulate(PLAYER, &["--events", ""]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        ended.json(),
        json!({ "path": ["off"], "state": "off", "context": {}, "rejected": [] })
    );
}

#[test]
fn nested_states_print_with_what_holds_them_and_parallel_ones_side_by_side() {
    let ended = simulate(PLAYER, &["--events", "power,pause", "--events", "power"]);
    assert_eq!(ended.json()["path"], json!(["off", "on.playing", "on.paused", "off"]));
    let ended = simulate(KEYBOARD, &["--events", "num,caps"]);
    let json = ended.json();
    assert_eq!(json["state"], "keys.caps.on, keys.num.on");
    assert_eq!(
        json["path"],
        json!([
            "keys.caps.off, keys.num.off",
            "keys.caps.off, keys.num.on",
            "keys.caps.on, keys.num.on"
        ])
    );
}

#[test]
fn time_passes_and_activities_end_as_told() {
    let paid = ["--context", r#"{"paid": 3}"#];
    let with = |events: &str| simulate(COFFEE, &[paid[0], paid[1], "--events", events]).json();
    let table = [
        ("+29s,+1s,press", json!(["idle", "asleep", "idle"])),
        ("select,failed:brewing", json!(["idle", "brewing", "broken"])),
        ("select,timeout:brewing", json!(["idle", "brewing", "broken"])),
        ("select,+9s", json!(["idle", "brewing"])),
        ("select,+10s", json!(["idle", "brewing", "broken"])),
    ];
    for (events, path) in table {
        let result = with(events);
        assert_eq!(result["path"], path, "{events}");
        assert_eq!(result["rejected"], json!([]), "{events}");
    }
}

#[test]
fn time_that_never_comes_to_an_end_is_refused() {
    let spinning = "fsm: 1
name: spinning
initial: a
states: { a: { after: { 0s: b } }, b: { after: { 0s: a } } }
";
    let ended = simulate(spinning, &["--events", "+1s"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let json = ended.json();
    assert_eq!(json["path"], json!(["a"]));
    let why = json["rejected"][0]["why"].as_str().expect("a text");
    assert!(why.starts_with("more than 100000 timers fire within this time"), "{why}");
}

#[test]
fn what_is_refused_says_why_and_what_would_be_accepted() {
    let told = |machine: &str, events: &str, more: &[&str]| {
        let arguments: Vec<&str> =
            ["--events", events].into_iter().chain(more.iter().copied()).collect();
        let ended = simulate(machine, &arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let rejected = ended.json()["rejected"].clone();
        let line = |it: &serde_json::Value| {
            let text = |key: &str| it[key].as_str().expect("a text").to_owned();
            format!("{} in {}: {}", text("event"), text("state"), text("why"))
        };
        rejected.as_array().expect("a list").iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let no = ["--assume", "has key=false"];
    let texts = [
        told(COFFEE, "take,pres,select,coin", &no),
        told(COFFEE, "repair,done:brewing,done:brewin,timeout:idle,+5s", &no),
        told(PLAYER, "pause,power,play", &[]),
        told(
            "fsm: 1\nname: m\ninitial: a\nstates: { a: { on: { go: b } }, b: { final: true } }\n",
            "go,go",
            &[],
        ),
    ];
    insta::assert_snapshot!(texts.join("\n\n"), @r"
    take in idle: no transition for `take` in idle; accepted there: `coin`, `repair`, `select`
    pres in idle: the machine has no event `pres` (did you mean `press`?); accepted there: `coin`, `repair`, `select`
    select in idle: `$context.paid >= $context.price` does not hold: paid is 0, price is 3
    coin in idle: `paid` can't be set: `$event.value` is absent: `$event` is null and has no member `value`

    repair in idle: guard `has key` is assumed not to hold
    done:brewing in idle: no activity is under way at `brewing`; none is under way at all
    done:brewin in idle: the machine has no state `brewin` (did you mean `brewing`?)
    timeout:idle in idle: no activity is under way at `idle`; none is under way at all

    pause in off: no transition for `pause` in off; accepted there: `power`
    play in on.playing: the machine has no event `play`; accepted there: `pause`, `power`

    go in b: the run is over: it ended in b
    ");
}

#[test]
fn a_member_that_the_machine_keeps_for_itself_cannot_be_given() {
    let given = r#"{"$faults": 1, "paid": 2, "$machines": {}}"#;
    let ended = simulate(COFFEE, &["-e", "", "-c", given]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        ended.stderr,
        "error: the context (--context) can't have `$faults`, `$machines`: names that begin with \
         `$` are reserved\n"
    );
}

#[test]
fn members_of_the_context_can_be_overridden_by_json_or_a_file() {
    let path = file("context.json", r#"{ "paid": 7 }"#);
    for given in [r#"{"paid": 7}"#.to_owned(), format!("@{path}")] {
        let json = simulate(COFFEE, &["-e", "", "-c", &given]).json();
        assert_eq!(json["context"], json!({ "paid": 7, "price": 3 }));
    }
    let ended = simulate(COFFEE, &["-e", "", "-c", r#"{"piad": 7}"#]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("no context `piad` (did you mean `paid`?)"), "{}", ended.stderr);
    let ended = simulate(COFFEE, &["-e", "", "-c", "[1]"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr, "error: the context must be a JSON object, not a list\n");
    let ended = simulate(COFFEE, &["-e", "", "-c", "{paid: 7}"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @r#"
    error: the context (--context) is not valid JSON: key must be a string at line 1 column 2
    hint: put single quotes around it, so that the shell leaves it alone: --context '{"id": 1}'; or give --context @FILE, or --context - for stdin
    "#);
}

#[test]
fn a_guard_in_rust_is_asked_for_where_it_matters_and_nowhere_else() {
    assert_eq!(simulate(COFFEE, &["-e", "+30s"]).code, Some(0));
    let ended = simulate(COFFEE, &["-e", "repair"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(ended.stderr, @r"
    error: what happens depends on `has key`, which is Rust code that the file does not have
    hint: say what they answer, true or false: --assume 'has key=true'
    ");
    let ended = simulate(COFFEE, &["-e", "repair", "--assume", "has key=true"]);
    assert_eq!(ended.json()["path"], json!(["idle", "idle"]));

    for (assumption, words) in [
        ("has kay=true", "has no guard `has kay` that is Rust code (did you mean `has key`?)"),
        (
            "has key",
            "error: `has key` says of no guard whether it holds: write NAME=true or NAME=false",
        ),
        ("has key=maybe", "error: `has key=maybe` says of no guard whether it holds"),
    ] {
        let ended = simulate(COFFEE, &["-e", "", "--assume", assumption]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{assumption}");
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

#[test]
fn a_malformed_item_is_told_and_nothing_is_simulated() {
    for events in ["coin=", "coin,,coin", "+5x", "coin=1 2", "timeout:brewing=3"] {
        let ended = simulate(COFFEE, &["--events", events]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{events}");
        assert!(ended.stderr.starts_with("error: `") || ended.stderr.starts_with("error: what"));
    }
    insta::assert_snapshot!(simulate(COFFEE, &["--events", "coin=abc"]).stderr, @r#"
    error: what follows `coin=` is not JSON: expected value at line 1 column 1
    hint: text is written in double quotes, and the whole in single ones for the shell: 'coin="text"'
    "#);
}

#[test]
fn items_are_read_from_stdin_line_by_line_where_none_are_given() {
    let path = file("machine.yaml", PLAYER);
    let ended = run_with_stdin(&["simulate", &path], "power\n\npause, pause\n");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["path"], json!(["off", "on.playing", "on.paused", "on.playing"]));
    let ended = run_with_stdin(&["simulate", "-"], PLAYER);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("hint: give `--events ITEMS`"), "{}", ended.stderr);
    let ended = run_with_stdin(&["simulate", "-", "--events", "power"], PLAYER);
    assert_eq!(ended.json()["state"], "on.playing");
}

#[test]
fn a_flow_is_run_and_a_machine_is_simulated() {
    let flow =
        "fsm: 1\nname: f\nmode: sequential\nendpoints: [{ name: a, url: \"https://a.test\" }]\n";
    let ended = simulate(flow, &["--events", ""]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("is a flow of calls, not a machine"), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("hint: a flow is run: try `fsm run`\n"), "{}", ended.stderr);
    let ended = run(["run", &file("machine.yaml", PLAYER)]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("fsm simulate"), "{}", ended.stderr);
}

#[test]
fn a_machine_is_checked_and_its_faults_are_shown_with_carets() {
    let path = file("coffee.yaml", COFFEE);
    let folder = std::path::Path::new(&path).parent().unwrap();
    let check = |name: &str| Ended::of(fsm(["check", name]).current_dir(folder).output().unwrap());
    let ended = check("coffee.yaml");
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        ended.stdout,
        "coffee.yaml: ok, 5 states, 10 transitions; \
         to be bound in Rust: guard `has key`; action `beep`; activity `brew`\n"
    );
    std::fs::write(
        folder.join("bad.yaml"),
        COFFEE.replace("timed_out: broken", "timed_out: brokn"),
    )
    .unwrap();
    for command in ["check", "simulate", "dot"] {
        let ended = Ended::of(fsm([command, "bad.yaml"]).current_dir(folder).output().unwrap());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{command}");
        assert!(ended.stderr.ends_with("error: bad.yaml has a fault\n"), "{}", ended.stderr);
    }
    insta::assert_snapshot!(check("bad.yaml").stderr, @r"
      × there is no state `brokn`
        ╭─[bad.yaml:21:18]
     20 │       failed: broken
     21 │       timed_out: brokn
        ·                  ──┬──
        ·                    ╰── here
     22 │   ready:
        ╰────
      help: did you mean `broken`?

    error: bad.yaml has a fault
    ");
}

#[test]
fn the_schema_of_machine_files_is_there_too() {
    let ended = run(["schema", "--machine"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let schema = ended.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"].get("states").is_some(), "{schema}");
}

#[test]
fn a_machine_is_drawn_in_every_format() {
    let path = file("player.yaml", PLAYER);
    for (format, words) in [("dot", "digraph"), ("mermaid", "stateDiagram-v2")] {
        for more in [&[][..], &["--expand"]] {
            let arguments = ["dot", &path, "--format", format].into_iter();
            let ended = run(arguments.chain(more.iter().copied()));
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
            assert!(ended.stdout.contains(words) && ended.stdout.contains("playing"), "{format}");
        }
    }
}
