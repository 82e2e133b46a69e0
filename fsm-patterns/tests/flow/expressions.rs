//! Expressions in every place where a flow may have one, seen from what is sent and returned.

use fsm_http::Reply;
use fsm_patterns::{Endpoint, Orchestration};
use serde_json::{Value, json};

use crate::world::{Api, late, message, run, run_built, step, told};

/// One endpoint with `lines`, called `a`, a PUT to `http://api.test/a`.
fn put(lines: &str) -> String {
    format!(
        "mode: sequential\nendpoints:\n  - name: a\n    url: http://api.test/a\n    method: PUT\n    {lines}\n"
    )
}

fn query(api: &Api) -> String {
    api.request("/a").uri().query().unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_url_is_filled_segment_by_segment() {
    let api = Api::naming();
    let text = "
mode: sequential
endpoints:
  - { name: a, url: 'http://api.test/users/{$inputs.id}/posts?q={$inputs.q}' }
";
    let report = run(&api, text, json!({"id": "a/b?c=1#x", "q": "1&2"})).await;
    assert_eq!(told(&report), "completed: a ok");
    let request = api.request("/users/a%2Fb%3Fc%3D1%23x/posts");
    assert_eq!(request.uri().query(), Some("q=1%262"));
}

#[tokio::test(start_paused = true)]
async fn headers_take_strings_numbers_and_booleans() {
    let api = Api::naming();
    let text =
        put("headers: { X-Id: $inputs.id, X-Text: 'id {$inputs.id}', X-Flag: true, X-N: 1.5 }");
    run(&api, &text, json!({"id": 7})).await;
    let request = api.request("/a");
    let shown = ["x-id", "x-text", "x-flag", "x-n"].map(|name| request.headers()[name].to_str());
    assert_eq!(shown.map(Result::unwrap), ["7", "id 7", "true", "1.5"]);
}

#[tokio::test(start_paused = true)]
async fn params_repeat_for_arrays_and_are_left_out_for_null() {
    let api = Api::naming();
    let text = put(
        "params: { tag: $inputs.tags, none: null, gone: { value: $inputs.no, default: null }, n: 5, text: 'a b&c' }",
    );
    run(&api, &text, json!({"tags": ["x", null, 2, true]})).await;
    assert_eq!(query(&api), "tag=x&tag=2&tag=true&n=5&text=a+b%26c");
}

#[tokio::test(start_paused = true)]
async fn params_are_added_to_the_urls_own_query() {
    let api = Api::naming();
    let flow = Orchestration::sequential("s")
        .endpoint(Endpoint::get("a", "http://api.test/a?x=1").param("y", "$inputs.y"));
    run_built(&api, flow, json!({"y": "2"})).await;
    assert_eq!(query(&api), "x=1&y=2");
}

#[tokio::test(start_paused = true)]
async fn the_default_body_of_post_put_and_patch_is_the_data_and_others_have_none() {
    for (method, sends) in
        [("POST", true), ("PUT", true), ("PATCH", true), ("GET", false), ("DELETE", false)]
    {
        let api = Api::naming();
        let text = put("").replace("PUT", method);
        run(&api, &text, json!({"n": [1]})).await;
        let request = api.request("/a");
        let expected = if sends { "{\"n\":[1]}" } else { "" };
        assert_eq!(request.body(), expected, "{method}");
        let is_json = request.headers().get("content-type").map(|value| value.to_str().unwrap());
        assert_eq!(is_json, sends.then_some("application/json"), "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_given_wins_and_keeps_the_types_of_its_values() {
    let api = Api::naming();
    let text = put(
        "body: { n: $data.n, text: 'n={$data.n}', price: $$5, ids: { jsonpath: '$[?@.k > 1].id', from: $data.list }, d: { value: $data.x, default: 0 } }",
    );
    run(&api, &text, json!({"n": 1, "list": [{"k": 1, "id": 10}, {"k": 2, "id": 20}]})).await;
    let expected = json!({"n": 1, "text": "n=1", "price": "$5", "ids": [20], "d": 0});
    assert_eq!(api.body("/a"), expected);
}

#[tokio::test(start_paused = true)]
async fn a_declared_content_type_decides_how_the_body_is_written() {
    let table = [
        (
            "application/x-www-form-urlencoded",
            "{ a: 1, b: [x, y], c: null, d: 'p q' }",
            "a=1&b=x&b=y&d=p+q",
        ),
        ("application/x-www-form-urlencoded; charset=utf-8", "{ a: 1 }", "a=1"),
        ("text/plain", "hello", "hello"),
        ("application/xml", "<a/>", "<a/>"),
        ("application/vnd.api+json", "hello", "\"hello\""),
        ("application/json", "[1]", "[1]"),
    ];
    for (media, body, sent) in table {
        let api = Api::naming();
        let text = put(&format!("headers: {{ Content-Type: {media} }}\n    body: {body}"));
        let report = run(&api, &text, json!({})).await;
        assert_eq!(told(&report), "completed: a ok", "{media}");
        let request = api.request("/a");
        assert_eq!(request.body(), sent, "{media}");
        assert_eq!(request.headers()["content-type"], media);
    }
}

#[tokio::test(start_paused = true)]
async fn the_condition_sees_the_raw_data_and_the_request_what_transform_input_made_of_it() {
    let api = Api::new(&[("/x7", &[Reply::status(404)])]);
    let text = "
mode: sequential
endpoints:
  - name: a
    url: http://api.test/x{$data.new}
    method: POST
    condition: $data.old == 7
    transform_input: { new: $data.old }
    headers: { X-New: $data.new }
    params: { p: $data.new }
    error_handler: $data
  - { name: b, url: http://api.test/x7, method: POST, transform_input: $data.old, condition: 'true', retry_count: 0, error_handler: $data }
";
    let report = run(&api, text, json!({"old": 7})).await;
    assert_eq!(told(&report), "completed: a recovered (status), b recovered (status)");
    assert_eq!(report.output, json!({"a": {"new": 7}, "b": 7}));
    let requests = api.requests("/x7");
    assert_eq!(requests[0].headers()["x-new"], "7");
    assert_eq!(requests[0].uri().query(), Some("p=7"));
    assert_eq!(requests[0].body(), "{\"new\":7}");
    assert_eq!(requests[1].body(), "7");
}

#[tokio::test(start_paused = true)]
async fn transforms_and_parsers_can_be_rust() {
    let api = Api::naming();
    let flow = Orchestration::pipeline("p")
        .endpoint(
            Endpoint::put("a", "http://api.test/a")
                .transform_input_with("twice", |data| Ok(json!([data, data])))
                .parse_with("shout", |answer| {
                    Ok(answer.as_str().ok_or("no text")?.to_uppercase().into())
                })
                .transform_output_with("wrap", |data| Ok(json!({"is": data}))),
        )
        .endpoint(
            Endpoint::put("b", "http://api.test/b")
                .transform_output_with("refuse", |_| Err("not today".to_owned())),
        );
    let report = run_built(&api, flow, json!(1)).await;
    assert_eq!(told(&report), "failed: a ok, b failed (transform)");
    assert_eq!(api.body("/a"), json!([1, 1]));
    assert_eq!(api.body("/b"), json!({"is": "A"}));
    assert!(message(&report, "b").contains("not today"));
}

#[tokio::test(start_paused = true)]
async fn a_parser_template_reads_the_answer_and_transform_output_what_the_parser_gave() {
    let reply = Reply::json(&json!({"items": [{"n": 1}, {"n": 2}]})).header("x-total", "2");
    let api = Api::new(&[("/first", &[late(0, json!({"k": "v"}))]), ("/a", &[reply])]);
    let text = "
mode: sequential
endpoints:
  - { name: first, url: http://api.test/first }
  - name: a
    url: http://api.test/a?q=1
    response_parser:
      first: $response.body#/items/0/n
      total: $response.header.X-Total
      code: $statusCode
      url: $url
      method: $method
      raw: $data
    transform_output: { got: $data, before: $steps.first.output.k, input: $inputs, all: $response.body.items }
";
    let report = run(&api, text, json!("in")).await;
    assert_eq!(told(&report), "completed: first ok, a ok");
    let got = json!({"first": 1, "total": "2", "code": 200, "url": "http://api.test/a?q=1",
        "method": "GET", "raw": "in"});
    let all = json!([{"n": 1}, {"n": 2}]);
    let expected = json!({"got": got, "before": "v", "input": "in", "all": all});
    assert_eq!(step(&report, "a").output, expected);
}

#[tokio::test(start_paused = true)]
async fn the_named_parsers_decide_what_an_answer_is() {
    let reply = Reply::status(200).header("content-type", "text/plain").body("[1]");
    let table = [
        ("auto", json!("[1]")),
        ("json", json!([1])),
        ("text", json!("[1]")),
        ("bytes", json!("WzFd")),
    ];
    for (parser, expected) in table {
        let api = Api::new(&[("/a", std::slice::from_ref(&reply))]);
        let report = run(&api, &put(&format!("response_parser: {parser}")), json!({})).await;
        assert_eq!(step(&report, "a").output, expected, "{parser}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_output_template_is_evaluated_also_after_failures_with_null_for_what_is_not_there() {
    let api = Api::new(&[("/a", &[late(0, json!({"n": 1}))]), ("/b", &[Reply::status(404)])]);
    let text = "
mode: sequential
output:
  n: $steps.a.output.n
  deep: $steps.b.output.x.y
  status: $steps.b.status
  error: $steps.b.error.kind
  no_error: $steps.a.error
  input: $inputs
endpoints:
  - { name: a, url: http://api.test/a }
  - { name: b, url: http://api.test/b }
";
    let report = run(&api, text, json!(5)).await;
    assert_eq!(told(&report), "failed: a ok, b failed (status)");
    let expected = json!({"n": 1, "deep": null, "status": "failed", "error": "status",
        "no_error": null, "input": 5});
    assert_eq!(report.output, expected);
    assert_eq!(report.error.unwrap().kind.as_str(), "status");
}

#[tokio::test(start_paused = true)]
async fn an_output_that_can_not_be_made_fails_the_run_with_kind_transform() {
    for limit in ["", "error_threshold: 1\n", "fail_fast: true\n"] {
        let api = Api::new(&[("/a", &[late(0, json!({"n": 1}))])]);
        let text = format!("{limit}output: $steps.a.output.missing\n{}", put(""));
        let report = run(&api, &text, json!({})).await;
        assert_eq!(told(&report), "failed: a ok", "{limit}");
        let error = report.error.expect("an error");
        assert_eq!(error.kind.as_str(), "transform");
        assert!(error.message.contains("missing"), "{}", error.message);
        assert_eq!(report.output, Value::Null);
    }
}

#[tokio::test(start_paused = true)]
async fn a_merger_in_rust_sees_all_outputs_in_declared_order() {
    let api = Api::new(&[("/a", &[late(20, "A")]), ("/b", &[late(10, "B")])]);
    let flow = || {
        Orchestration::fanout("f")
            .endpoint(Endpoint::get("a", "http://api.test/a"))
            .endpoint(Endpoint::get("b", "http://api.test/b"))
            .endpoint(Endpoint::get("c", "http://api.test/c").condition("false"))
    };
    let merged = flow().merge("list", |outputs| Ok(outputs.values().cloned().collect()));
    assert_eq!(run_built(&api, merged, json!({})).await.output, json!(["A", "B", null]));
    let refused = flow().merge("refuse", |_| Err("no".to_owned()));
    let report = run_built(&api, refused, json!({})).await;
    assert_eq!(told(&report), "failed: a ok, b ok, c skipped");
    assert_eq!(report.error.unwrap().kind.as_str(), "transform");
}

/// Requests that can't be made: nothing goes out with a hole in it.
#[tokio::test(start_paused = true)]
async fn a_request_that_can_not_be_built_fails_with_kind_transform_and_is_never_sent() {
    // What is wrong, and a word that the message says of it.
    let table = [
        ("params: { p: $data.absent }", "absent"),
        ("params: { p: $data.object }", "object"),
        ("params: { p: $data.nested }", "array"),
        ("headers: { X-A: $data.absent }", "absent"),
        ("headers: { X-A: $data.object }", "x-a"),
        ("headers: { X-A: $data.none }", "null"),
        ("headers: { X-A: $data.lines }", "x-a"),
        ("body: { b: $data.absent }", "absent"),
        ("body: { b: { jsonpath: '$[0]', from: $data.absent } }", "absent"),
        ("headers: { Content-Type: application/x-www-form-urlencoded }\n    body: [1]", "form"),
        ("transform_input: $data.absent", "transform_input"),
        ("url: 'http://api.test/{$data.absent}'", "absent"),
        ("url: 'http://api.test/a/{$data.dots}'", "segment"),
        ("url: 'http://api.test/a/{$data.empty}/b'", "segment"),
        ("url: $data.object", "url"),
        ("url: $data.ftp", "http"),
        ("url: $data.text", "url"),
    ];
    let input = json!({"object": {"k": 1}, "nested": [[1]], "none": null, "lines": "a\nb",
        "dots": "..", "empty": "", "ftp": "ftp://api.test/a", "text": "no url"});
    for (lines, word) in table {
        let api = Api::naming();
        let base = put(lines);
        let text = match lines.starts_with("url") {
            true => base.replace("    url: http://api.test/a\n", ""),
            false => base,
        };
        let report = run(&api, &text, input.clone()).await;
        assert_eq!(told(&report), "failed: a failed (transform)", "{lines}");
        let message = message(&report, "a").to_lowercase();
        assert!(message.contains(word), "{lines}: {message}");
        let a = step(&report, "a");
        assert_eq!((a.attempts, a.latency_ms), (0, None), "{lines}");
        assert_eq!(api.paths().len(), 0, "{lines}");
        assert_eq!(report.metrics.unwrap().total_requests, 0, "{lines}");
    }
}

/// The call once counted what the transport layer refused to put into HTTP as an attempt.
#[tokio::test(start_paused = true)]
async fn a_url_that_is_too_long_for_http_is_no_attempt() {
    let api = Api::naming();
    let text = put("params: { p: $data.long }");
    let report = run(&api, &text, json!({"long": "x".repeat(70_000)})).await;
    assert_eq!(told(&report), "failed: a failed (transform)");
    let a = step(&report, "a");
    assert_eq!((a.attempts, a.latency_ms, api.paths().len()), (0, None, 0));
}
