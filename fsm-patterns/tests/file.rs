//! Flow files: what loads, what does not, and how that reads.
//!
//! Every file in `fixtures/flows` loads; every file in `fixtures/faults` has a snapshot of its
//! report beside it, to be read aloud when it changes (`INSTA_UPDATE=always` writes them anew).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use fsm_patterns::check::InputCheck;
use fsm_patterns::file::{self, FileKind, Loaded};
use fsm_patterns::spec::{Entry, Mode};
use fsm_patterns::{Fault, Place};
use miette::Diagnostic;
use proptest::prelude::*;
use serde_json::{Value, json};

fn fixtures(folder: &str) -> Vec<(String, String)> {
    let folder = fixture_folder().join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the fixtures are part of the crate")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "snap" && ending != "new"))
        .collect();
    files.sort();
    let read = |path: &Path| {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("UTF-8"))
    };
    files.iter().map(|path| read(path)).collect()
}

fn fixture_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn load(text: &str) -> Loaded {
    file::load("flow.yaml", text).unwrap_or_else(|report| panic!("{report}"))
}

/// A flow with one endpoint that has `lines` besides name and url.
fn endpoint(lines: &str) -> String {
    format!(
        "fsm: 1\nname: n\nmode: sequential\nendpoints:\n  - name: a\n    url: http://localhost/\n    {lines}\n"
    )
}

fn validator(schema: &Value) -> InputCheck {
    InputCheck::new(schema).unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[test]
fn every_example_loads() {
    let files = fixtures("flows");
    assert!(files.len() >= 4, "{files:?}");
    for (name, text) in files {
        let loaded = file::load(&name, &text);
        assert!(loaded.is_ok(), "{:?}", loaded.err());
    }
}

#[test]
fn every_faulty_file_says_all_that_is_wrong_with_it() {
    let files = fixtures("faults");
    assert!(files.len() >= 30, "{}", files.len());
    for (name, text) in files {
        let report = file::load(&name, &text).expect_err(&name);
        let mut last = 0;
        for finding in report.findings() {
            assert!(finding.span().start >= last, "{name} is reported in file order");
            assert!(text.get(finding.span()).is_some(), "{name} {:?}", finding.span());
            last = finding.span().start;
        }
        insta::with_settings!({
            snapshot_path => fixture_folder().join("faults"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name.clone(), report.to_string());
        });
    }
}

#[test]
fn ten_faults_of_every_kind_come_in_one_report() {
    let text = fs::read_to_string(fixture_folder().join("faults/ten_faults.yaml")).unwrap();
    let report = file::load("ten_faults.yaml", &text).unwrap_err();
    assert_eq!(report.findings().len(), 10, "{report}");
}

#[test]
fn values_go_by_yaml_1_2() {
    let loaded =
        load(&endpoint("body: { a: no, b: 012, c: 0o17, d: 1_000, e: ~, f: 2026-11-21, g: 1e3 }"));
    let Entry::Endpoint(endpoint) = &loaded.spec.entries[0] else { panic!("an endpoint") };
    let body = endpoint.body.as_ref().unwrap().render(&fsm_patterns::expr::Scope::new()).unwrap();
    let expected = json!({"a": "no", "b": 12, "c": 15, "d": "1_000", "e": null, "f": "2026-11-21", "g": 1000.0});
    assert_eq!(body, expected);
}

#[test]
fn durations_are_seconds_or_have_a_unit() {
    let table = [("30", 30_000), ("0.5", 500), ("500ms", 500), ("1.5s", 1_500), ("5m", 300_000)];
    for (written, millis) in table {
        let loaded = load(&endpoint(&format!("timeout: {written}")));
        let Entry::Endpoint(endpoint) = &loaded.spec.entries[0] else { panic!("an endpoint") };
        assert_eq!(endpoint.timeout, Some(Duration::from_millis(millis)), "{written}");
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    let text = format!("\u{feff}{}", endpoint("timeout: 5").replace('\n', "\r\n"));
    load(&text);
    let report = file::load("flow.yaml", &text.replace("timeout", "timeuot")).unwrap_err();
    assert_eq!(report.findings()[0].line(), 7, "{report}");
    assert_eq!(report.findings()[0].column(), 5, "{report}");
}

#[test]
fn a_byte_order_mark_is_read_in_json_too() {
    let text = "\u{feff}{ \"fsm\": 1, \"name\": \"n\", \"mode\": \"sequential\",\n\"endpoints\": \
                [{ \"name\": \"a\", \"url\": \"http://localhost/\" }] }";
    assert!(file::load("flow.json", text).is_ok());
    let of = |text: &str| {
        let report = file::load("flow.json", text).unwrap_err();
        let finding = &report.findings()[0];
        text[finding.span()].to_owned()
    };
    assert_eq!(of(&text.replace("\"n\"", "nn")), "n", "on the line with the mark");
    assert_eq!(of(&text.replace("[{", "x")), "x", "on a later line");
    assert_eq!(of(&text.replace("\"mode\"", "\"x\": 1, \"mode\"")), "\"x\"");
}

#[test]
fn half_a_surrogate_pair_is_told_in_words_of_json() {
    let report = file::load("flow.json", r#"{ "name": "a\ud800" }"#).unwrap_err().to_string();
    assert!(report.starts_with("flow.json:1:") && report.contains("not valid JSON: "), "{report}");
}

#[test]
fn columns_count_characters_and_not_bytes() {
    let text = endpoint("headers: { Größe: $5, X: {} }");
    let report = file::load("flow.yaml", &text).unwrap_err();
    let columns: Vec<usize> = report.findings().iter().map(|finding| finding.column()).collect();
    assert_eq!(columns, [16, 27], "{report}");
}

#[test]
fn a_machine_is_told_from_a_flow() {
    assert_eq!(file::kind_of("states: {}"), FileKind::Machine);
    assert_eq!(file::kind_of("{\"initial\": \"a\", \"states\": {}}"), FileKind::Machine);
    assert_eq!(file::kind_of("mode: parallel\nstates: {}"), FileKind::Flow);
    assert_eq!(file::kind_of("a: ["), FileKind::Flow);
    assert_eq!(file::kind_of(""), FileKind::Flow);
}

#[test]
fn json_has_no_longest_key_whatever_the_file_is_called() {
    let key = "k".repeat(5_000);
    let text = format!("\n{{\"initial\": \"{key}\", \"states\": {{\"{key}\": {{}}}}}}");
    assert_eq!(file::kind_of(&text), FileKind::Machine);
    let flow = format!(
        r#"{{"fsm": 1, "name": "n", "mode": "sequential", "endpoints": [
            {{"name": "a", "url": "http://localhost/", "method": "POST", "body": {{"{key}": 1}}}}]}}"#
    );
    for name in ["flow.json", "stdin"] {
        assert!(file::load(name, &flow).is_ok(), "{name}");
    }
}

#[test]
fn yaml_has_a_longest_key_and_a_way_around_it() {
    let key = "k".repeat(1_025);
    let body = |body: &str| endpoint(&format!("method: POST\n    body:{body}"));
    let long = [
        body(&format!("\n      {key}: 1")),
        body(&format!("\n      \"{key}\": 1")),
        body(&format!(" {{ {key}: 1 }}")),
        body(&format!(" {{ \"{key}\": 1 }}")),
    ];
    for text in long {
        let report = file::load("flow.yaml", &text).unwrap_err().to_string();
        assert!(report.contains("a key of more than 1024 characters ends here"), "{report}");
        assert!(report.contains("YAML wants `? ` before a key that long"), "{report}");
    }
    load(&body(&format!("\n      ? {key}\n      : 1")));
    load(&body(&format!("\n      {}: 1", &key[..1_000])));
    let report = file::load("flow.yaml", &body(" a: b: 1")).unwrap_err().to_string();
    assert!(!report.contains("characters"), "another colon is no long key: {report}");
}

#[test]
fn a_fault_that_is_found_later_gets_its_line_too() {
    let loaded = load(&endpoint("timeout: 5"));
    let place = Place::root().key("endpoints").item(0).key("timeout");
    let report = loaded.report([Fault::new(place.clone(), "is odd").hint("make it even")]);
    assert_eq!(report.to_string(), "flow.yaml:7:14: is odd (make it even)");
    let absent = Place::root().key("endpoints").item(0).key("condition");
    assert_eq!(loaded.report([Fault::new(absent, "is absent")]).findings()[0].line(), 5);
}

#[test]
fn a_terminal_shows_the_line_with_a_caret_and_the_hint() {
    let report = file::load("flow.yaml", &endpoint("methud: GET")).unwrap_err();
    let related: Vec<&dyn Diagnostic> = report.related().unwrap().collect();
    let mut shown = String::new();
    let handler = miette::NarratableReportHandler::new();
    handler.render_report(&mut shown, related[0]).unwrap();
    insta::assert_snapshot!(shown, @r"
    unknown key `methud` in an endpoint
        Diagnostic severity: error
    Begin snippet for flow.yaml starting at line 6, column 1

    snippet line 6:     url: http://localhost/
    snippet line 7:     methud: GET
        label at line 7, columns 5 to 10: here
    diagnostic help: did you mean `method`?
    ");
}

#[test]
fn an_alias_bomb_is_stopped() {
    let mut text =
        "fsm: 1\nname: n\nmode: sequential\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", ")));
    }
    let start = Instant::now();
    let report = file::load("bomb.yaml", &text).unwrap_err().to_string();
    assert!(report.contains("aliases of this file copy more than"), "{report}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let text = format!("body: {}{}", open.repeat(5_000), close.repeat(5_000));
        let report = file::load("deep.yaml", &text).unwrap_err().to_string();
        assert!(report.contains("nesting"), "{report}");
    }
    let blocks: String = (0..3_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let report = file::load("deep.yaml", &blocks).unwrap_err().to_string();
    assert!(report.contains("nesting"), "{report}");
}

#[test]
fn a_long_value_in_json_is_no_problem() {
    let long = "x".repeat(100_000);
    let text = json!({"fsm": 1, "name": "n", "mode": "fanout", "endpoints": [
        {"name": "a", "url": "http://localhost/", "body": [long, {"k".repeat(5_000): 1}]}]});
    file::load("flow.json", &text.to_string()).unwrap();
}

#[test]
fn ten_thousand_endpoints_are_read_and_checked_in_a_moment() {
    let mut text = "fsm: 1\nname: large\nmode: hybrid\nendpoints:\n".to_owned();
    for index in 0..10_000_usize {
        text.push_str(&format!("  - name: e{index}\n    url: http://localhost/{index}\n"));
        if let Some(before) = index.checked_sub(1) {
            // The first, the middle, and the one before: many steps, and far ones.
            text.push_str(&format!(
                "    depends_on: [e{before}]\n    body: [$steps.e0.output, $steps.e{}.output, $steps.e{before}.output]\n",
                index / 2
            ));
        }
    }
    let start = Instant::now();
    let loaded = load(&text);
    assert_eq!(loaded.spec.entries.len(), 10_000);
    // Generous, because this is a debug build on a busy machine; quadratic would take minutes.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    let wrong = text.replace("depends_on: [e", "depends_on: [f");
    let start = Instant::now();
    let report = file::load("large.yaml", &wrong).unwrap_err();
    assert!(report.findings().len() >= 9_999);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn an_input_is_checked_against_the_declared_schema() {
    let check = validator(&json!({
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}, "tags": {"items": {"enum": ["a", "b"]}}},
        "additionalProperties": false,
    }));
    let say = |input: Value| -> Vec<String> {
        check.check(&input).iter().map(ToString::to_string).collect()
    };
    assert_eq!(say(json!({"id": 7, "tags": ["a"]})), [""; 0]);
    assert_eq!(say(json!({})), ["the input lacks `id`"]);
    assert_eq!(say(json!(null)), ["the input must be an object, not null"]);
    assert_eq!(say(json!({"id": "7"})), ["/id must be an integer, not a string"]);
    assert_eq!(say(json!({"id": 7, "x": 1})), ["the input must not have `x`"]);
    assert_eq!(say(json!({"id": 7, "tags": ["a", "c"]})), ["/tags/1 must be one of \"a\", \"b\""]);
}

#[test]
fn inputs_that_allow_others_allow_every_member() {
    let open = [
        "{ properties: { id: {} }, additionalProperties: true }",
        "{ properties: { id: {} }, additionalProperties: { type: string } }",
        "{ properties: { id: {} }, patternProperties: { ^x: {} } }",
        "{ properties: { id: {} }, anyOf: [{ properties: { name: {} } }] }",
        "{ type: object }",
        "true",
    ];
    for schema in open {
        let text = format!("{}inputs: {schema}\n", endpoint("body: $inputs.name"));
        load(&text);
    }
    let closed =
        format!("{}inputs: {{ properties: {{ nme: {{}} }} }}\n", endpoint("body: $inputs.name"));
    let report = file::load("flow.yaml", &closed).unwrap_err().to_string();
    assert!(report.contains("did you mean `nme`?"), "{report}");
}

#[test]
fn all_modes_are_known_by_name() {
    for mode in Mode::ALL {
        let text = endpoint("timeout: 5").replace("sequential", mode.name());
        assert_eq!(load(&text).spec.mode, mode);
    }
}

/// All fixtures, read once for all the cases below.
static FILES: LazyLock<Vec<(String, String)>> =
    LazyLock::new(|| [fixtures("flows"), fixtures("faults")].concat());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_makes_the_loader_panic(text in ".{0,200}") {
        let _ = file::load("flow.yaml", &text);
        let _ = file::load("flow.json", &text);
        let _ = file::kind_of(&text);
    }

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = file::load("flow.yaml", &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_damage_to_a_file_makes_the_loader_panic(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        cut in 0_usize..40,
        insert in "[-{}\\[\\]:,&*!|>'\"%@`#?$ \n\ta0.]{0,8}",
    ) {
        let files = &*FILES;
        let (name, text) = &files[which.index(files.len())];
        let mut characters: Vec<char> = text.chars().collect();
        let start = at.index(characters.len() + 1);
        let end = (start + cut).min(characters.len());
        characters.splice(start..end, insert.chars());
        let damaged: String = characters.into_iter().collect();
        match file::load(name, &damaged) {
            Ok(loaded) => prop_assert!(!loaded.spec.entries.is_empty()),
            Err(report) => {
                prop_assert!(!report.findings().is_empty());
                for finding in report.findings() {
                    prop_assert!(damaged.get(finding.span()).is_some(), "{report}");
                    prop_assert!(finding.line() >= 1 && finding.column() >= 1);
                }
            }
        }
    }
}

/// A template with a faulty expression once hid the unknown names in its other ones.
#[test]
fn a_faulty_expression_hides_no_other_fault_of_its_template() {
    let text = "fsm: 1\nname: t\nmode: parallel\nendpoints:\n  - { name: a, url: http://x.test/a }\n\
                output: { one: $steps.usr.output, two: $steps.a.outptu }\n";
    let report = fsm_patterns::file::load("t.yaml", text).expect_err("two faults").to_string();
    assert!(report.contains("outptu") && report.contains("usr"), "{report}");
}
