//! Flows of all kinds of settings, over the server that misbehaves.

use fsm_patterns::Flow;

use crate::world::{endpoints, flow};

/// How many endpoints each flow has.
pub(crate) const SIZE: usize = 25;

/// What every endpoint has: short times, and no wait that a server might wish for.
const HASTE: &str = "timeout: 150ms, retry_delay: 1ms, retry_max_delay: 5ms, retry_max_wait: 20ms, max_body: 65536, max_redirects: 4";

/// The kinds, by name.
pub(crate) const KINDS: [&str; 10] = [
    "plain", "chain", "guarded", "limited", "cached", "oauth", "session", "unsafe", "hasty",
    "tolerant",
];

/// A fresh flow of a kind, with its own connections, breakers, limits, cache, and tokens.
pub(crate) fn build(kind: &str, base: &str, secret: &str) -> Flow {
    let lines = |rest: &str| {
        let half = SIZE / 2;
        let all = endpoints("a", half, &format!("url: '{base}/a/{{n}}', {HASTE}, {rest}"));
        all + &endpoints("b", SIZE - half, &format!("url: '{base}/b/{{n}}', {HASTE}"))
    };
    let (head, endpoints) = match kind {
        "plain" => ("mode: fanout\nmax_concurrent: 25", lines("retry_count: 2")),
        "chain" => ("mode: pipeline", lines("retry_count: 4, error_handler: $error.kind")),
        "guarded" => (
            "mode: sequential\ncircuit_breaker_threshold: 2\ncircuit_breaker_timeout: 20ms",
            lines("condition: 1 == 1, error_handler: { kind: $error.kind, data: $data }"),
        ),
        "limited" => (
            "mode: fanout\nmax_concurrent: 4\nrate_limit_window: 50ms\nglobal_rate_limit: 40",
            lines("rate_limit: 5, burst_limit: 2, weight: 2"),
        ),
        "cached" => (
            "mode: parallel\nmax_concurrent: 25\ncache_ttl: 20ms\nglobal_rate_limit: 20\nrate_limit_window: 20ms\nlog_responses: true",
            lines("").replace("/a/1", "/a/").replace("/b/1", "/a/"),
        ),
        "oauth" => (
            "mode: fanout\nmax_concurrent: 25\ntotal_timeout: 1500ms\ncircuit_breaker_threshold: 4\ncircuit_breaker_timeout: 10ms\nlog_requests: true\ncache_ttl: 10ms",
            lines("resource: oauth"),
        ),
        "session" => ("mode: fanout\ntotal_timeout: 1500ms", lines("resource: session")),
        "unsafe" => (
            "mode: fanout\nmax_concurrent: 25",
            lines("method: POST, body: { a: 1 }, idempotency: true")
                + &crate::world::endpoints(
                    "post",
                    6,
                    &format!(
                        "url: '{base}/post/{{n}}', method: POST, body: {{ a: 1 }}, {HASTE}, retry_count: 0"
                    ),
                ),
        ),
        "hasty" => ("mode: fanout\nfail_fast: true\nmax_concurrent: 10", lines("retry_count: 1")),
        "tolerant" => (
            "mode: parallel\nerror_threshold: 0.6\ntotal_timeout: 600ms\ncache_ttl: 1s\ncircuit_breaker_threshold: 3\ncircuit_breaker_timeout: 5ms",
            lines("method: HEAD"),
        ),
        other => panic!("there is no kind {other}"),
    };
    let revalidate = if head.contains("cache_ttl") { "    revalidate: true\n" } else { "" };
    let resources = format!(
        "resources:
  oauth:
    base_url: '{base}'
{revalidate}    rate_limit: 200
    rate_limit_window: 100ms
    usage: {{ tokens: $response.body#/usage/tokens }}
    auth: {{ oauth2: {{ token_url: '{base}/token', client_id: me, client_secret: {{ file: '{secret}' }} }} }}
  session:
    base_url: '{base}'
    auth: {{ session: {{ login: {{ url: /login, body: {{ password: {{ file: '{secret}' }} }} }}, token: $response.body#/token }} }}
"
    );
    flow(fsm_patterns::Services::new(), &format!("{head}\n{resources}endpoints:\n{endpoints}"))
}
