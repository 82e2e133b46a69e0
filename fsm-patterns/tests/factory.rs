//! The flows and endpoints that factories make, as they run.

use std::sync::Arc;
use std::time::Duration;

use fsm_http::auth::Auth;
use fsm_http::resource::Resource;
use fsm_http::secret::Secret;
use fsm_http::{MemoryTransport, Reply};
use fsm_patterns::spec::Mode;
use fsm_patterns::{
    Endpoint, FlowError, Group, Orchestration, RunOutcome, StepStatus, chat, file, graphql,
    parallel_aggregator, rest_api, sequential_chain,
};
use serde_json::{Value, json};

/// Answers `/broken` with 500, and everything else with its path.
fn paths() -> Arc<MemoryTransport> {
    Arc::new(MemoryTransport::replying(|request| match request.uri().path() {
        "/broken" => Reply::status(500),
        path => Reply::json(&json!({ "path": path })),
    }))
}

const CALLS: [(&str, &str); 3] =
    [("a", "http://api.test/a"), ("b", "http://api.test/broken"), ("c", "http://api.test/c")];

#[tokio::test(start_paused = true)]
async fn a_chain_goes_on_after_a_failure_unless_it_is_told_to_stop() {
    for (stops, last, sent) in [(false, StepStatus::Ok, 3), (true, StepStatus::Cancelled, 2)] {
        let server = paths();
        let chain = sequential_chain("chain", CALLS).each_endpoint(|it| it.retry_count(0));
        let chain = if stops { chain.fail_fast() } else { chain };
        let flow = chain.build_with(server.clone()).expect("a sound flow");
        let report = flow.execute(json!({})).await.expect("any input");
        assert_eq!(report.outcome, RunOutcome::Failed);
        assert_eq!((report.steps["c"].status, server.requests().len()), (last, sent));
    }
}

#[tokio::test(start_paused = true)]
async fn an_aggregator_gives_the_answers_by_name_and_null_for_what_failed() {
    let aggregator = parallel_aggregator("all", CALLS).each_endpoint(|it| it.retry_count(0));
    let flow = aggregator.build_with(paths()).expect("a sound flow");
    let report = flow.execute(json!({})).await.expect("any input");
    let expected = json!({ "a": { "path": "/a" }, "b": null, "c": { "path": "/c" } });
    assert_eq!(report.output, expected);
}

#[tokio::test(start_paused = true)]
async fn what_every_endpoint_has_reaches_those_in_groups_and_none_that_come_later() {
    let server = paths();
    let inner =
        Group::new("inner", Mode::Parallel).endpoint(Endpoint::get("deep", "http://api.test/deep"));
    let flow = Orchestration::hybrid("headers")
        .endpoint(Endpoint::get("top", "http://api.test/top"))
        .group(inner)
        .each_endpoint(|endpoint| endpoint.header("API-Key", "secret"))
        .endpoint(Endpoint::get("later", "http://api.test/later").timeout(Duration::from_secs(1)))
        .build_with(server.clone())
        .expect("a sound flow");
    flow.execute(json!({})).await.expect("any input");
    let mut with_key: Vec<(String, bool)> = server
        .requests()
        .iter()
        .map(|it| (it.uri().path().to_owned(), it.headers().contains_key("api-key")))
        .collect();
    with_key.sort();
    let expected = [("/deep", true), ("/later", false), ("/top", true)];
    assert_eq!(with_key, expected.map(|(path, has)| (path.to_owned(), has)));
}

#[test]
fn a_resource_that_is_not_declared_is_a_fault_that_names_it() {
    let shop = rest_api("shop", "https://shop.test/v1".parse().expect("a url"));
    let flow = Orchestration::parallel("undeclared").endpoint(shop.get("user", "/users/7"));
    let FlowError::Faults(faults) = flow.build().expect_err("nobody declares it") else {
        panic!("faults are told as such")
    };
    assert!(faults[0].to_string().contains("unknown resource `shop`"), "{}", faults[0]);
}

async fn ask(answer: Value) -> Result<Value, String> {
    let server = MemoryTransport::replying(move |_| Reply::json(&answer));
    let token = Secret::new("hunter-2").into();
    let api = Resource::graphql("http://api.test/graphql".parse().expect("a url"), None)
        .auth(Auth::Bearer { token });
    let flow = Orchestration::parallel("query")
        .endpoint(graphql("it", &api, "{ user { name } }", json!({})))
        .resource(api)
        .build_with(Arc::new(server))
        .expect("a sound flow");
    let report = flow.execute(json!({})).await.expect("any input");
    match &report.steps["it"].error {
        None => Ok(report.steps["it"].output.clone().into()),
        Some(error) => Err(format!("{}: {}", error.kind, error.message)),
    }
}

#[tokio::test(start_paused = true)]
async fn a_graphql_answer_with_errors_fails_also_beside_data() {
    let errors = json!([{ "message": "no\n such  field" }, { "message": "token hunter-2" }]);
    let said = "contract: the GraphQL answer has errors: no such field; token [redacted]";
    let nothing = "contract: this is no GraphQL answer: it has neither `data` nor `errors`";
    let table = [
        (json!({ "data": { "user": 7 } }), Ok(json!({ "user": 7 }))),
        (json!({ "data": 7, "errors": [] }), Ok(json!(7))),
        (json!({ "data": null, "errors": errors }), Err(said.to_owned())),
        (json!({ "data": { "user": null }, "errors": errors }), Err(said.to_owned())),
        (json!({ "users": [] }), Err(nothing.to_owned())),
    ];
    for (answer, expected) in table {
        assert_eq!(ask(answer.clone()).await, expected, "{answer}");
    }
}

/// `$data` is a fine name for a variable of a query.
#[tokio::test(start_paused = true)]
async fn a_query_is_sent_as_it_is_written_and_its_variables_are_templates() {
    let server = Arc::new(MemoryTransport::replying(|_| Reply::json(&json!({ "data": 1 }))));
    let api = Resource::graphql("http://api.test/graphql".parse().expect("a url"), None);
    let query = "mutation($data: In!, $inputs: Int) {$data} $5";
    let flow = Orchestration::parallel("query")
        .endpoint(graphql("it", &api, query, json!({ "data": { "id": "$inputs.id" } })))
        .resource(api)
        .build_with(server.clone())
        .expect("a sound flow");
    flow.execute(json!({ "id": 7 })).await.expect("any input");
    let body: Value = serde_json::from_slice(server.requests()[0].body()).expect("JSON");
    assert_eq!(body, json!({ "query": query, "variables": { "data": { "id": 7 } } }));
}

#[tokio::test(start_paused = true)]
async fn a_chat_without_a_choice_says_so_and_counts_its_tokens_all_the_same() {
    let answer = json!({ "choices": [], "usage": { "total_tokens": 5 } });
    let server = MemoryTransport::replying(move |_| Reply::json(&answer));
    let llm = Resource::openai_chat(
        "http://llm.test/v1".parse().expect("a url"),
        Secret::new("k").into(),
    );
    let flow = Orchestration::parallel("chat")
        .endpoint(chat("it", &llm, json!({ "model": "m", "messages": [] })))
        .resource(llm)
        .build_with(Arc::new(server))
        .expect("a sound flow");
    let report = flow.execute(json!({})).await.expect("any input");
    let error = report.steps["it"].error.as_ref().expect("there is no text");
    assert_eq!(error.kind.as_str(), "transform");
    assert!(error.message.contains("choices"), "{}", error.message);
    assert_eq!(report.usage["openai"].fields["total_tokens"], 5.into());
}

#[test]
fn a_graphql_parser_beside_save_to_has_no_effect_and_is_told() {
    let text = "fsm: 1\nname: n\nmode: parallel\nendpoints:\n  - { name: a, url: \"http://a.test/\", \
                response_parser: graphql, save_to: a.json }\n";
    let report = file::load("n.yaml", text).expect_err("it does nothing");
    assert!(report.to_string().contains("`response_parser` has no effect"), "{report}");
}
