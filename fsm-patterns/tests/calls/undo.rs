//! Undoing over real sockets.

use serde_json::json;

use crate::server::{Server, Wire, answer, json as ok};
use crate::world::{flow, run, step, told};
use fsm_patterns::Services;

fn not_found() -> Wire {
    answer("404 Not Found", "text/plain", "gone")
}

/// The requests as they came: method and target.
fn lines(server: &Server) -> Vec<String> {
    let line = |raw: &str| {
        let mut words = raw.split(' ');
        format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default())
    };
    server.requests().iter().map(|request| line(&request.raw)).collect()
}

#[tokio::test]
async fn a_chain_of_three_whose_third_fails_is_undone_in_reverse() {
    let server = Server::start(|request| match request.path() {
        "/seat" => ok(r#"{"id": 12}"#),
        "/meal" => ok(r#"{"id": 34}"#),
        "/pay" => not_found(),
        _ => raw_gone(),
    })
    .await;
    let text = format!(
        "
mode: pipeline
resources: {{ air: {{ base_url: '{}' }} }}
endpoints:
  - {{ name: seat, resource: air, method: POST, url: /seat, undo: {{ url: '/seat/{{$data.id}}' }} }}
  - {{ name: meal, resource: air, method: POST, url: /meal, undo: {{ url: '/meal/{{$data.id}}' }} }}
  - {{ name: pay, resource: air, method: POST, url: /pay }}
",
        server.url("")
    );
    let report = run(&flow(Services::new(), &text)).await;
    assert_eq!(told(&report), "failed: seat ok, meal ok, pay failed (status)");
    assert_eq!(
        lines(&server),
        ["POST /seat", "POST /meal", "POST /pay", "DELETE /meal/34", "DELETE /seat/12"]
    );
    assert_eq!(report.usage["air"].attempts, 5);
    assert_eq!(report.left_undone, [""; 0]);
}

fn raw_gone() -> Wire {
    crate::server::raw("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn an_undo_by_post_carries_one_key_and_the_output_of_its_step() {
    let server = Server::start(|request| match request.path() {
        "/pay" => ok(r#"{"payment": {"id": 7}}"#),
        "/send" => not_found(),
        _ => answer("503 Service Unavailable", "text/plain", "later"),
    })
    .await;
    let text = format!(
        "
mode: sequential
resources: {{ shop: {{ base_url: '{}' }} }}
endpoints:
  - name: pay
    resource: shop
    method: POST
    url: /pay
    transform_output: $data.payment
    undo: {{ method: POST, url: /refund, retry_count: 2, retry_delay: 1ms }}
  - {{ name: send, resource: shop, url: /send }}
",
        server.url("")
    );
    let report = run(&flow(Services::new(), &text)).await;
    let refunds = server.to("/refund");
    assert_eq!(refunds.len(), 3);
    assert!(!refunds[0].header("idempotency-key").is_empty());
    for refund in &refunds {
        assert_eq!(refund.header("idempotency-key"), refunds[0].header("idempotency-key"));
        assert_eq!(refund.body, r#"{"id":7}"#);
    }
    assert_eq!(report.left_undone, ["pay"]);
    let printed = serde_json::to_value(&step(&report, "pay").undo).expect("it is JSON");
    assert_eq!(printed["status"], "failed");
    assert_eq!(printed["attempts"], 3);
    assert_eq!(printed["http_status"], 503);
    assert_eq!(printed["error"]["kind"], json!("status"));
}

#[tokio::test]
async fn the_deadline_and_fail_fast_cut_what_goes_forward_and_not_what_goes_back() {
    for settings in ["total_timeout: 300ms", "fail_fast: true"] {
        let server = Server::start(|request| match request.path() {
            "/a" => ok("1"),
            "/slow" => Wire::Silence,
            "/broken" => not_found(),
            _ => raw_gone(),
        })
        .await;
        let text = format!(
            "
mode: hybrid
{settings}
resources: {{ api: {{ base_url: '{}' }} }}
endpoints:
  - {{ name: a, resource: api, url: /a, undo: {{ url: /a/undo }} }}
  - {{ name: slow, resource: api, method: PUT, url: /slow, undo: {{ url: /slow/undo }} }}
  - {{ name: broken, resource: api, url: /broken, depends_on: [a] }}
",
            server.url("")
        );
        let report = run(&flow(Services::new(), &text)).await;
        server.heard("/slow", 1).await;
        assert_eq!(server.to("/a/undo").len(), 1, "{settings}");
        assert_eq!(server.to("/slow/undo").len(), 0, "{settings}");
        assert_eq!(report.left_undone, ["slow"], "{settings}: its fate is not known");
        server.deserted().await;
    }
}
