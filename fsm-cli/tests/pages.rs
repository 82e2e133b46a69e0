//! The flows in the documentation are run with the command against the mock API, and do what their
//! page says.
//!
//! A fenced `yaml` block that begins with `fsm: 1` is a flow. The comment before it says how it is
//! run and what is to come of it: `<!-- run {"outcome": "completed", …} -->`, with
//!
//! | key | meaning |
//! |---|---|
//! | `input` | the run's input |
//! | `simulate` | the items of a simulation: the file is a machine and is not run |
//! | `assume` | what guards answer in it that are Rust code |
//! | `env` | variables of the environment |
//! | `outcome` | the outcome of the run; the exit code follows from it |
//! | `exit` | the exit code, where there is no result |
//! | `stderr` | texts that stand on stderr |
//! | `facts` | values in the result by JSON pointer; a text such as `>= 3` compares numbers |
//!
//! A `json` block that follows is the result as far as the page shows it: what is shown is in the
//! result, but for the run's id and for times; that of a simulation is shown whole.
//!
//! The guides to machines and to testing have their own rules: see [`guides`].

#[path = "pages/guides.rs"]
mod guides;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fsm_testkit::server::{MockApi, demo};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Every page for users, with its name.
fn pages() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = ["docs", "docs/machines", "docs/testing"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(root().join(folder)).expect("a folder of pages"))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "md"));
    paths.push(root().join("README.md"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).expect("below").display().to_string();
        (name, fs::read_to_string(path).expect("a text"))
    };
    paths.into_iter().map(read).collect()
}

/// A flow of a page.
#[derive(Debug)]
struct Flow {
    /// Page and line.
    place: String,
    text: String,
    run: Map<String, Value>,
    shown: Option<Value>,
}

impl Flow {
    fn get(&self, key: &str) -> Option<&Value> {
        self.run.get(key)
    }
}

/// The flows of a page, in order.
fn flows(page: &str, text: &str) -> Vec<Flow> {
    let mut flows: Vec<Flow> = Vec::new();
    let mut run = None;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let place = format!("{page}:{}", index + 1);
        if let Some(begin) = line.strip_prefix("<!-- run ") {
            let mut directive = begin.to_owned();
            while !directive.contains("-->") {
                let (_, next) = lines.next().expect("the comment ends");
                directive += next;
            }
            let json = directive.split("-->").next().unwrap_or_default();
            let value: Value =
                serde_json::from_str(json).unwrap_or_else(|error| panic!("{place}: {error}"));
            run = Some(value.as_object().expect("an object").clone());
            continue;
        }
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let block: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
        let block = block.join("\n") + "\n";
        match language {
            "yaml" if block.starts_with("fsm: 1") => {
                let run = run.take();
                let run = run.unwrap_or_else(|| panic!("{place}: the page says what comes of it"));
                flows.push(Flow { place, text: block, run, shown: None });
            }
            "json" => {
                let shown =
                    serde_json::from_str(&block).unwrap_or_else(|error| panic!("{place}: {error}"));
                let flow = flows.last_mut().unwrap_or_else(|| panic!("{place}: of which flow?"));
                assert!(flow.shown.replace(shown).is_none(), "{place}: a second result");
            }
            _ => {}
        }
    }
    assert!(run.is_none(), "{page}: a comment without a flow");
    flows
}

fn run(flow: &Flow, api: &MockApi) -> Output {
    let name: String = flow
        .place
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { '-' })
        .collect();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{name}"));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let text = flow.text.replace(demo::BASE_URL, &api.url());
    fs::write(folder.join("flow.yaml"), text).expect("it can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_fsm"));
    match flow.get("simulate") {
        None => command.args(["run", "flow.yaml"]),
        Some(items) => {
            let items = items.as_str().expect("a text");
            command.args(["simulate", "flow.yaml", "--events", items])
        }
    };
    command.current_dir(folder).stdin(Stdio::null());
    for (guard, holds) in flow.get("assume").and_then(Value::as_object).into_iter().flatten() {
        command.args(["--assume", &format!("{guard}={holds}")]);
    }
    command.env_remove("FSM_LOG").env_remove("FSM_JOURNAL").env("NO_COLOR", "1");
    if let Some(input) = flow.get("input") {
        command.args(["--input", &input.to_string()]);
    }
    for (name, value) in flow.get("env").and_then(Value::as_object).into_iter().flatten() {
        command.env(name, value.as_str().expect("a text"));
    }
    command.output().expect("the binary starts")
}

/// Whether `found` is what a page says: a value, or `>= 3` and the like.
fn is_so(found: &Value, said: &Value) -> bool {
    let compared = said.as_str().and_then(|said| {
        let (order, number) = said.split_once(' ')?;
        let (found, number) = (found.as_f64()?, number.parse::<f64>().ok()?);
        match order {
            ">=" => Some(found >= number),
            "<=" => Some(found <= number),
            _ => None,
        }
    });
    compared.unwrap_or(found == said)
}

/// Everything that is shown and is not so.
fn differences(at: &str, shown: &Value, found: &Value, differences: &mut Vec<String>) {
    let last = at.rsplit('/').next().unwrap_or_default();
    let varies = last == "run" || last.ends_with("_ms");
    match (shown, found) {
        (Value::Object(shown), Value::Object(_)) => {
            for (key, shown) in shown {
                self::differences(&format!("{at}/{key}"), shown, &found[key], differences);
            }
        }
        (Value::Array(shown), Value::Array(found)) if shown.len() == found.len() => {
            for (index, (shown, found)) in shown.iter().zip(found).enumerate() {
                self::differences(&format!("{at}/{index}"), shown, found, differences);
            }
        }
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) if varies => {}
        (shown, found) if shown == found => {}
        (shown, found) => differences.push(format!("{at}: shown {shown}, found {found}")),
    }
}

#[test]
fn every_flow_of_the_documentation_does_what_its_page_says() {
    let is_guide =
        |page: &str| ["docs/machines/", "docs/testing/"].iter().any(|it| page.starts_with(it));
    let pages = pages().into_iter().filter(|(page, _)| !is_guide(page));
    let flows: Vec<Flow> = pages.flat_map(|(page, text)| flows(&page, &text)).collect();
    let runtime = runtime();
    // A few at a time: most of their time they wait.
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(flow) = flows.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(complaint(flow, &runtime));
        }
        wrong
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let workers = [(); 4].map(|()| scope.spawn(work));
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().expect("a runtime")
}

/// Everything about a flow that is not as its page says, with what the command said.
fn complaint(flow: &Flow, runtime: &Runtime) -> Option<String> {
    let api = runtime.block_on(MockApi::start()).expect("a free port");
    let output = run(flow, &api);
    let stdout = String::from_utf8_lossy(&output.stdout).replace(&api.url(), demo::BASE_URL);
    let stderr = String::from_utf8_lossy(&output.stderr).replace(&api.url(), demo::BASE_URL);
    runtime.block_on(api.stop());
    let mut faults = Vec::new();

    let outcome = flow.get("outcome").and_then(Value::as_str);
    let exit = match outcome {
        Some("completed") => 0,
        Some(_) => 1,
        None if flow.get("simulate").is_some() => 0,
        None => flow.get("exit").and_then(Value::as_i64).expect("an exit code"),
    };
    if output.status.code().map(i64::from) != Some(exit) {
        faults.push(format!("ended with {}", output.status));
    }
    for said in flow.get("stderr").and_then(Value::as_array).into_iter().flatten() {
        let said = said.as_str().expect("a text");
        // Diagnostics break their lines as they like.
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !flat(&stderr.replace('│', " ")).contains(&flat(said)) {
            faults.push(format!("stderr lacks `{said}`"));
        }
    }
    if outcome.is_some() || flow.get("simulate").is_some() {
        let result: Value = serde_json::from_str(&stdout).unwrap_or(Value::Null);
        if let Some(outcome) = outcome.filter(|outcome| result["outcome"] != *outcome) {
            faults.push(format!("the outcome is {}, not {outcome}", result["outcome"]));
        }
        for (pointer, said) in flow.get("facts").and_then(Value::as_object).into_iter().flatten() {
            let found = result.pointer(pointer).unwrap_or(&Value::Null);
            if !is_so(found, said) {
                faults.push(format!("{pointer}: said {said}, found {found}"));
            }
        }
        if let Some(shown) = &flow.shown {
            differences("", shown, &result, &mut faults);
            // A simulation's result is short, and its page shows all of it.
            if flow.get("simulate").is_some() && shown != &result {
                faults.push("the page does not show the whole result".to_owned());
            }
        }
    }
    let place = &flow.place;
    let told = || format!("{place}:\n  {}\n{stdout}\n{stderr}", faults.join("\n  "));
    (!faults.is_empty()).then(told)
}

/// The flow file that undoes what it did.
#[test]
fn the_trip_without_a_ticket_is_undone() {
    let runtime = runtime();
    let path = root().join("examples/flows/trip.yaml");
    let text = fs::read_to_string(path).expect("a flow file");
    for (ticket, outcome) in [(200, "completed"), (409, "failed")] {
        let how = json!({ "input": { "seat": "12A", "ticket": ticket } });
        let how = how.as_object().expect("an object").clone();
        let flow =
            Flow { place: "trip.yaml".to_owned(), text: text.clone(), run: how, shown: None };
        let api = runtime.block_on(MockApi::start()).expect("a free port");
        let output = run(&flow, &api);
        runtime.block_on(api.stop());
        let result: Value = serde_json::from_slice(&output.stdout).expect("a result");
        assert_eq!(result["outcome"], outcome, "{result}");
        assert_eq!(result["output"], json!({ "seat": "12A", "charge": "ch_0001" }));
        let undone = if outcome == "failed" { json!("ok") } else { Value::Null };
        for step in ["seat", "charge"] {
            assert_eq!(result["steps"][step]["undo"]["status"], undone, "{result}");
        }
    }
}

/// The flow files among the examples that need secrets or write files.
#[test]
fn the_flow_files_with_secrets_and_files_run() {
    let runtime = runtime();
    let cases = [
        (
            "orders.yaml",
            json!({ "env": { "SHOP_SECRET": "demo-secret" } }),
            json!({ "customer": "Ada Lovelace",
                "orders": [{ "id": 1, "total": 25 }, { "id": 2, "total": 75 }] }),
        ),
        (
            "chat.yaml",
            json!({ "env": { "LLM_KEY": "demo-token" }, "input": { "question": "Why?" } }),
            json!({ "draft": "I was told 1 words.", "review": "I was told 13 words." }),
        ),
        (
            "refund.yaml",
            json!({ "input": { "amount": 250 } }),
            json!({ "rows": 42, "asked": "done" }),
        ),
        (
            "files.yaml",
            json!({ "input": { "rows": 10 } }),
            json!([
                { "name": "title", "file_name": null, "media_type": null, "bytes": 9 },
                { "name": "table", "file_name": "report.csv", "media_type": "text/csv",
                    "bytes": 67 },
            ]),
        ),
    ];
    for (file, how, expected) in cases {
        let path = root().join("examples/flows").join(file);
        let text = fs::read_to_string(path).expect("a flow file");
        let how = how.as_object().expect("an object").clone();
        let flow = Flow { place: file.to_owned(), text, run: how, shown: None };
        let api = runtime.block_on(MockApi::start()).expect("a free port");
        let output = run(&flow, &api);
        runtime.block_on(api.stop());
        let result: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{file}: {error}: {}", String::from_utf8_lossy(&output.stderr))
        });
        assert_eq!(result["outcome"], "completed", "{file}: {result}");
        assert_eq!(result["output"], expected, "{file}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("demo-"), "{file}");
    }
}

#[test]
fn every_page_on_a_topic_has_a_flow() {
    let topics = [
        "rate-limiting",
        "circuit-breaker",
        "errors",
        "caching",
        "monitoring",
        "resources",
        "troubleshooting",
        "flow-files",
        "simulating",
        "waiting",
    ];
    let index = fs::read_to_string(root().join("docs/README.md")).expect("the index");
    for topic in topics {
        let page = format!("docs/{topic}.md");
        let text = fs::read_to_string(root().join(&page)).expect(topic);
        assert!(!flows(&page, &text).is_empty(), "{page} has a flow");
        assert!(index.contains(&format!("({topic}.md)")), "the index names {topic}.md");
    }
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    for (page, text) in pages() {
        let folder = root().join(&page).parent().expect("a folder").to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { root().join(&page) } else { folder.join(path) };
            assert!(target.exists(), "{page}: nothing is at {link}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(target).expect("a page");
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let anchors = headings.map(|line| {
                    let words = line.trim_start_matches('#').trim().to_lowercase();
                    let kept = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                    kept.collect::<String>().replace(' ', "-")
                });
                assert!(anchors.collect::<Vec<_>>().contains(&anchor.to_owned()), "{page}: {link}");
            }
        }
    }
}

/// The keys of an object of the schema, with the defaults that are plain values.
fn keys(schema: &Value) -> Vec<(String, Option<String>)> {
    let properties = schema["properties"].as_object().expect("an object with properties");
    let default = |value: &Value| match &value["default"] {
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    properties.iter().map(|(key, value)| (key.clone(), default(value))).collect()
}

#[test]
fn the_reference_has_a_row_for_every_key_with_its_default() {
    let text = fs::read_to_string(root().join("docs/flow-files.md")).expect("the reference");
    let schema = fsm_patterns::schema::flow_schema();
    let sections = [
        ("## The flow", ""),
        ("## Endpoints", "/$defs/endpoint"),
        ("### Undo", "/$defs/undo"),
        ("## Steps that let time pass", "/$defs/delay"),
        ("## Steps that wait for a signal", "/$defs/signal"),
        ("## Calls until something is done", "/$defs/endpoint/properties/poll"),
        ("## Groups", "/$defs/group"),
        ("## Resources", "/$defs/resource"),
        ("### `bearer`", "/$defs/auth/properties/bearer"),
        ("### `basic`", "/$defs/auth/properties/basic"),
        ("### `api_key`", "/$defs/auth/properties/api_key"),
        ("### `oauth2`", "/$defs/auth/properties/oauth2"),
        ("### `jwt`", "/$defs/auth/properties/jwt"),
        ("### `session`", "/$defs/auth/properties/session"),
    ];
    for (heading, pointer) in sections {
        let section = text.split_once(heading).unwrap_or_else(|| panic!("`{heading}` is there")).1;
        let section = section.split("\n#").next().unwrap_or_default();
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let keys = keys(schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")));
        let wanted: BTreeSet<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
        let found: BTreeSet<&str> =
            rows.iter().map(|row| row[3..].split('`').next().unwrap_or_default()).collect();
        assert_eq!(found, wanted, "{heading}");
        for (key, default) in keys {
            let Some(default) = default else { continue };
            let row = rows.iter().find(|row| row.starts_with(&format!("| `{key}`")));
            let row = row.expect("it was found above");
            let column = row.split(" | ").nth(2).unwrap_or_default();
            let wanted = match default.as_str() {
                "16777216" => "16 MiB",
                "60s" => "60 s",
                "1s" => "1 s",
                "5s" => "5 s",
                other => other,
            };
            assert_eq!(column.trim_matches('`').trim(), wanted, "{heading} {key}");
        }
    }
}

#[test]
fn comparisons_are_read() {
    assert!(is_so(&json!(3), &json!(">= 3")) && !is_so(&json!(2), &json!(">= 3")));
    assert!(is_so(&json!(3), &json!("<= 3.5")) && !is_so(&json!("x"), &json!(">= 3")));
    assert!(is_so(&json!(null), &json!(null)) && !is_so(&json!(1), &json!(2)));
}
