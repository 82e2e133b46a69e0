//! Arguments and inputs that are wrong: exit code 2, and nothing is sent.

use crate::command::{Api, file, run, run_with_stdin};

/// A flow that wants an object with a whole number `id`.
fn picky(api: &Api) -> String {
    let head = "mode: sequential\ninputs:\n  type: object\n  required: [id]\n  properties: { id: { type: integer }, tag: { type: string } }";
    api.flow(head, &["/users/{$inputs.id}"])
}

#[test]
fn the_input_is_json_or_a_file_or_stdin() {
    let api = Api::start();
    let flow = picky(&api);
    let input = file("input.json", "\u{feff}{\"id\": 8}");
    for ended in [
        run(["run", &flow, "--input", r#"{"id": 8}"#]),
        run(["run", &flow, "--input", &format!("@{input}")]),
        run_with_stdin(&["run", &flow, "--input", "-"], r#"{"id": 8}"#),
    ] {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.json()["output"]["a"]["id"], 8);
    }
}

#[test]
fn an_input_that_does_not_fit_is_refused_with_all_its_faults() {
    let api = Api::start();
    let flow = picky(&api);
    let ended = run(["run", &flow, "--input", r#"{"id": "seven", "tag": 3}"#]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    let expected = format!(
        "error: the input does not fit `inputs` of {flow}; nothing was sent\n  \
         - /id must be an integer, not a string\n  \
         - /tag must be a string, not a number\n"
    );
    assert_eq!(ended.stderr, expected);
    assert_eq!(run(["run", &flow]).code, Some(2), "an absent input is {{}}");
    assert_eq!(api.requests(), 0);
}

#[test]
fn broken_json_is_told_with_its_position() {
    let api = Api::start();
    let flow = picky(&api);
    let ended = run(["run", &flow, "--input", r#"{"id": 1,}"#]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        ended.stderr,
        "error: the input (--input) is not valid JSON: trailing comma at line 1 column 10\n\
         hint: put single quotes around it, so that the shell leaves it alone: \
         --input '{\"id\": 1}'; or give --input @FILE, or --input - for stdin\n"
    );
    let input = file("input.json", "{\n  \"id\" 1\n}");
    let ended = run(["run", &flow, "--input", &format!("@{input}")]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("input.json) is not valid JSON"), "{}", ended.stderr);
    assert!(ended.stderr.contains("at line 2 column 8"), "{}", ended.stderr);
    assert_eq!(api.requests(), 0);
}

#[test]
fn stdin_is_read_once() {
    let ended = run_with_stdin(&["run", "-", "--input", "-"], "{}");
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.stderr,
        "error: the flow and its input can't both be read from stdin\n\
         hint: give `--input @FILE`\n"
    );
}

#[test]
fn files_that_cannot_be_read_are_named_with_the_reason() {
    let missing = run(["run", "no/such/flow.yaml"]);
    assert_eq!(missing.code, Some(2));
    assert_eq!(
        missing.stderr,
        "error: no/such/flow.yaml can't be read: there is no such file\n\
         hint: is the path right, seen from the current folder?\n"
    );
    let folder = run(["check", env!("CARGO_MANIFEST_DIR")]);
    assert_eq!(folder.code, Some(2));
    assert!(folder.stderr.contains("can't be read: it is a directory"), "{}", folder.stderr);
    let latin = run(["dot", &file("latin.yaml", b"fsm: 1\nname: caf\xe9\n")]);
    assert_eq!(latin.code, Some(2));
    let words = "is not UTF-8 text: the byte 0xe9 in line 2 begins no character\n\
                 hint: save the file as UTF-8\n";
    assert!(latin.stderr.contains(words), "{}", latin.stderr);
}

#[test]
fn usage_errors_end_with_2_and_help_with_0() {
    let wrong: [&[&str]; 9] = [
        &[],
        &["run"],
        &["run", "a.yaml", "--inptu", "{}"],
        &["run", "a.yaml", "--run-id", ""],
        &["run", "a.yaml", "b.yaml"],
        &["check"],
        &["dance"],
        &["demo", "nobody"],
        &["demo", "--list", "--serve"],
    ];
    for arguments in wrong {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
    for arguments in [["run", "--help"], ["--help", "check"], ["-h", "dot"], ["help", "demo"]] {
        let ended = run(arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(ended.stdout.contains("Usage: fsm"), "{arguments:?}");
    }
    let version = run(["--version"]);
    assert_eq!(version.stdout, concat!("fsm ", env!("CARGO_PKG_VERSION"), "\n"));
}
