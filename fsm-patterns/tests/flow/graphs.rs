//! The graph of one small flow a mode, as it is drawn.

use fsm_patterns::spec::Mode;
use fsm_patterns::{Endpoint, Flow, Group, Orchestration};

use crate::world::{Api, flow, ms};

/// Three endpoints, of which one has a condition, one a handler, and one retries.
fn three(mode: Mode) -> Flow {
    let flow = Orchestration::new(format!("{mode} of three"), mode)
        .endpoint(Endpoint::get("first", "http://api.test/first").retry_count(0))
        .endpoint(
            Endpoint::post("second", "http://api.test/second")
                .condition("$inputs.wanted")
                .error_handler("none"),
        )
        .endpoint(Endpoint::get("third", "http://api.test/third"));
    flow.build_with(Api::naming()).unwrap_or_else(|error| panic!("{error}"))
}

fn dot(flow: &Flow) -> String {
    flow.drawing().to_dot()
}

#[tokio::test]
async fn sequential() {
    insta::assert_snapshot!(dot(&three(Mode::Sequential)));
}

#[tokio::test]
async fn pipeline() {
    insta::assert_snapshot!(dot(&three(Mode::Pipeline)));
}

#[tokio::test]
async fn conditional() {
    insta::assert_snapshot!(dot(&three(Mode::Conditional)));
}

#[tokio::test]
async fn fanout() {
    insta::assert_snapshot!(dot(&three(Mode::Fanout)));
}

#[tokio::test]
async fn parallel_with_dependencies_a_deadline_and_fail_fast() {
    let text = "
mode: parallel
total_timeout: 5s
fail_fast: true
max_concurrent: 2
endpoints:
  - { name: a, url: http://api.test/a, retry_count: 0 }
  - { name: b, url: http://api.test/b, retry_count: 0 }
  - { name: c, url: http://api.test/c, retry_count: 0, depends_on: [a, b] }
  - { name: d, url: http://api.test/d, retry_count: 0, depends_on: [a] }
";
    insta::assert_snapshot!(dot(&flow(&Api::naming(), text)));
}

#[tokio::test]
async fn hybrid_with_a_group_and_a_threshold() {
    let checks = Group::new("checks", Mode::Pipeline)
        .endpoint(Endpoint::get("stock", "http://api.test/stock").retry_count(1))
        .endpoint(Endpoint::get("price", "http://api.test/price").retry_count(0))
        .depends_on(["login"])
        .condition("$inputs.careful");
    let flow = Orchestration::hybrid("order")
        .error_threshold(0.5)
        .endpoint(Endpoint::get("login", "http://api.test/login").retry_count(0).timeout(ms(500)))
        .group(checks)
        .endpoint(Endpoint::post("pay", "http://api.test/pay").depends_on(["checks"]));
    let flow = flow.build_with(Api::naming()).unwrap_or_else(|error| panic!("{error}"));
    insta::assert_snapshot!(dot(&flow));
}
