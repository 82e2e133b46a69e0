//! `--log` and `FSM_LOG`.

use std::fs;

use crate::command::{Api, Ended, file, fsm, run};

#[test]
fn a_log_names_run_state_and_attempt_and_shows_no_data() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/flaky/1?token=hush-query"]);
    let text = fs::read_to_string(&flow).unwrap() + "    headers: { X-Api-Key: hush-header }\n";
    fs::write(&flow, text).unwrap();
    let arguments =
        ["run", &flow, "--run-id", "r-1", "--log", "debug", "--input", "\"hush-input\""];
    let ended = run(arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["run"], "r-1");
    let log = &ended.stderr;
    for words in [
        "run begins run=\"r-1\" flow=\"test\"",
        "attempt begins run=\"r-1\" state=\"a\" attempt=1",
        "attempt failed run=\"r-1\" state=\"a\" attempt=1 kind=\"status\" http_status=503",
        "retrying after a wait run=\"r-1\" state=\"a\" attempt=1 wait_ms=",
        "answered run=\"r-1\" state=\"a\" attempt=2 http_status=200",
        "ended run=\"r-1\" state=\"a\" attempt=2 status=\"ok\"",
        "moved run=\"r-1\" state=\"a\" to=\"run settles\"",
        "run ended run=\"r-1\" outcome=\"completed\"",
    ] {
        assert!(log.contains(words), "{words} in\n{log}");
    }
    assert!(!log.contains("hush"), "{log}");
    assert!(!log.contains("http://"), "{log}");
}

#[test]
fn a_log_tells_of_undos_as_of_calls() {
    let api = Api::start();
    let flow = api.flow("mode: pipeline", &["/users/7", "/status/409"]);
    let text = fs::read_to_string(&flow).unwrap();
    let url = text.lines().find_map(|line| line.trim().strip_prefix("url: ")).unwrap();
    let undo = format!("    undo: {{ url: \"{url}\", method: GET }}\n  - name: b");
    fs::write(&flow, text.replace("  - name: b", &undo)).unwrap();
    let ended = run(["run", &flow, "--run-id", "r", "--log", "debug"]);
    assert_eq!(ended.json()["steps"]["a"]["undo"]["status"], "ok");
    for words in [
        "attempt begins run=\"r\" state=\"a.undo\" attempt=1",
        "answered run=\"r\" state=\"a.undo\" attempt=1 http_status=200",
        "ended run=\"r\" state=\"a.undo\" attempt=1 status=\"ok\"",
    ] {
        assert!(ended.stderr.contains(words), "{words} in\n{}", ended.stderr);
    }
}

/// Attempts are requests that were sent, as in the result: a wait for the limiter is none.
#[test]
fn a_log_tells_of_waits_for_the_limit_of_the_cache_and_of_an_open_circuit() {
    let api = Api::start();
    let head = "mode: sequential\nglobal_rate_limit: 1\nrate_limit_window: 200ms\n\
                cache_ttl: 60s\ncircuit_breaker_threshold: 2";
    let flow = api.flow(head, &["/flaky/1", "/status/503"]);
    let again = fs::read_to_string(&flow).unwrap();
    let url = again.lines().find_map(|line| line.trim().strip_prefix("url: ")).unwrap();
    fs::write(&flow, format!("{again}  - {{ name: c, url: {url} }}\n")).unwrap();
    let ended = run(["run", &flow, "--run-id", "r", "--log", "debug"]);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let has = |state: &str, words: &str| {
        let of = |line: &&&str| line.contains(&format!("state=\"{state}\""));
        let told: Vec<_> = lines.iter().filter(of).collect();
        assert!(told.iter().any(|line| line.contains(words)), "{words} in {told:#?}");
    };
    has("a", "waits for its turn run=\"r\" state=\"a\" wait_ms=");
    has("a", "ended run=\"r\" state=\"a\" attempt=2 status=\"ok\"");
    has("b", "not sent, the circuit is open run=\"r\" state=\"b\"");
    has("b", "ended run=\"r\" state=\"b\" attempt=2 status=\"failed\"");
    has("c", "answered from the cache run=\"r\" state=\"c\" http_status=200");
    has("c", "ended run=\"r\" state=\"c\" attempt=0 status=\"cached\"");
    let result = ended.json();
    for (name, status, attempts) in [("a", "ok", 2), ("b", "failed", 2), ("c", "cached", 0)] {
        let step = &result["steps"][name];
        assert_eq!((&step["status"], &step["attempts"]), (&status.into(), &attempts.into()));
    }
    let last = lines.last().unwrap();
    assert!(last.starts_with("run r failed: `b` failed: "), "{last}");
}

#[test]
fn a_filter_lets_through_what_it_names() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/status/404"]);
    let warnings = run(["run", &flow, "--log", "warn"]).stderr;
    assert!(warnings.contains("attempt failed"), "{warnings}");
    assert!(!warnings.contains("run begins"), "{warnings}");
    let elsewhere = run(["run", &flow, "--quiet", "--log", "hyper=info"]).stderr;
    assert_eq!(elsewhere, "");
}

#[test]
fn the_variable_does_what_the_option_does_and_an_empty_one_nothing() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    let with = |filter| Ended::of(fsm(["run", &flow]).env("FSM_LOG", filter).output().unwrap());
    assert!(with("info").stderr.contains("run begins"));
    assert_eq!(with("").stderr, "");
    assert_eq!(with("debgu").code, Some(2));
}

#[test]
fn a_misspelt_level_is_refused_before_anything_is_sent() {
    let api = Api::start();
    let flow = api.flow("mode: sequential", &["/users/7"]);
    for filter in ["debgu", "bogus=", "=debug"] {
        let ended = run(["run", &flow, "--log", filter]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
        let words = format!(
            "error: `{filter}` is no filter of the log (from --log or FSM_LOG)\nhint: a level is"
        );
        assert!(ended.stderr.starts_with(&words), "{}", ended.stderr);
    }
    assert_eq!(api.requests(), 0);
}

#[test]
fn what_a_flow_asks_to_be_logged_is_shown_without_any_option() {
    let api = Api::start();
    let flow = api.flow("mode: sequential\nlog_requests: true\nlog_responses: true", &[""]);
    let text =
        fs::read_to_string(&flow).unwrap().replace("\n    retry", "/flaky/1?key=hush\n    retry");
    fs::write(&flow, text + "    headers: { X-Api-Key: hush-header, X-Plain: seen }\n").unwrap();
    let ended = run(["run", &flow]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["outcome"], "completed");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{}", ended.stderr);
    for (line, words) in [
        (0, "INFO fsm_http::log: request endpoint=\"a\" attempt=1 method=\"GET\" url=http://127"),
        (0, "\"x-api-key\": [redacted], \"x-plain\": \"seen\"}"),
        (1, "INFO fsm_http::log: response endpoint=\"a\" status=503 kind=\"status\""),
        (2, "attempt=2"),
        (3, "response endpoint=\"a\" status=200"),
    ] {
        assert!(lines[line].contains(words), "{words} in {}", lines[line]);
    }
    assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
}

#[test]
fn the_lines_that_a_flow_asks_for_keep_to_quiet_and_to_filters_that_name_them() {
    let api = Api::start();
    let flow = api.flow("mode: sequential\nlog_responses: true", &["/users/7"]);
    let lines = |arguments: &[&str]| {
        let mut all = vec!["run", &flow];
        all.extend(arguments);
        let ended = run(all);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stderr.lines().filter(|line| line.contains("fsm_http::log: response")).count()
    };
    assert_eq!(lines(&[]), 1);
    assert_eq!(lines(&["--quiet"]), 0);
    assert_eq!(lines(&["--log", "warn"]), 1);
    assert_eq!(lines(&["--log", "info"]), 1);
    assert_eq!(lines(&["--log", "off"]), 0);
    assert_eq!(lines(&["--log", "fsm_http::log=off"]), 0);
    assert_eq!(lines(&["--log", "info", "--quiet"]), 1);
}

#[test]
fn a_filter_can_name_the_library_that_makes_the_calls() {
    let api = Api::start();
    let flow = api.flow("mode: sequential\nlog_requests: true", &["/users/7"]);
    let ended = run(["run", &flow, "--log", "fsm_http=trace"]);
    assert!(ended.stderr.contains("fsm_http::log: request"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("run begins"), "{}", ended.stderr);
}

#[test]
fn every_end_in_the_log_is_the_one_in_the_result() {
    let api = Api::start();
    let url = api.flow("mode: sequential", &[""]);
    let url = fs::read_to_string(url).unwrap();
    let url = url.lines().find_map(|line| line.trim().strip_prefix("url: ")).unwrap().to_owned();
    let endpoints = format!(
        "endpoints:
  - {{ name: good, url: {url}/users/1 }}
  - {{ name: declined, url: {url}/users/2, condition: 1 == 2 }}
  - {{ name: recovered, url: {url}/status/404, error_handler: fallback }}
  - {{ name: faulty, url: {url}/users/3, condition: $inputs.none > 1, error_handler: {{ a: 1 }} }}
  - {{ name: stalls, url: {url}/slow/20000, timeout: 10s }}
  - {{ name: bad, url: {url}/status/404, depends_on: [good, declined] }}
  - {{ name: blocked, url: {url}/users/2, depends_on: [bad] }}
"
    );
    let chain =
        endpoints.replace(", depends_on: [good, declined]", "").replace(", depends_on: [bad]", "");
    let chain = chain.replace("slow/20000", "slow/20");
    let table = [
        ("mode: hybrid\ntotal_timeout: 1s", &endpoints, "timed_out", 7),
        ("mode: hybrid\nfail_fast: true", &endpoints, "failed", 6),
        ("mode: hybrid\nerror_threshold: 0", &endpoints, "failed", 6),
        ("mode: sequential", &chain, "failed", 7),
        ("mode: conditional", &chain, "failed", 7),
        ("mode: pipeline", &chain, "failed", 6),
    ];
    for (head, endpoints, outcome, ends) in table {
        let flow = file("flow.yaml", format!("fsm: 1\nname: test\n{head}\n{endpoints}"));
        let ended = run(["run", &flow, "--log", "info"]);
        let result = ended.json();
        assert_eq!(result["outcome"], outcome, "{head}: {}", ended.stdout);
        let mut seen = Vec::new();
        for line in ended
            .stderr
            .lines()
            .filter(|line| line.contains(" ended run=\"") && line.contains(" state="))
        {
            let field = |name: &str| {
                let value = line.split(&format!(" {name}=\"")).nth(1).expect(line);
                value.split('"').next().expect(line).to_owned()
            };
            let (state, status) = (field("state"), field("status"));
            assert_eq!(result["steps"][&state]["status"], status.as_str(), "{head}: {state}");
            assert!(!seen.contains(&state), "{head}: {state} ends once\n{}", ended.stderr);
            seen.push(state);
        }
        assert_eq!(seen.len(), ends, "{head}: {seen:?}");
    }
}
