//! An API behind OAuth 2.0, declared once: one token, one limit, and what a run used of it.
//!
//! ```sh
//! cargo run -p fsm-examples --example orders
//! ```
//!
//! The same as a file, but for the GraphQL call: `examples/flows/orders.yaml`.
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::num::NonZeroU32;
use std::time::Duration;

use fsm_http::auth::{Auth, OAuth2};
use fsm_http::limit::Rate;
use fsm_http::resource::{Pick, Resource};
use fsm_http::secret::Secret;
use fsm_patterns::{Flow, Orchestration, graphql, rest_api};
use fsm_testkit::server::{CLIENT_ID, CLIENT_SECRET, MockApi};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = MockApi::start().await?;
    let flow = orders(&api.url(), CLIENT_SECRET)?;
    let report = flow.execute(json!({ "customer": 7 })).await?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    println!("{}", serde_json::to_string_pretty(&flow.get_metrics())?);
    api.stop().await;
    Ok(())
}

/// The flow, for an API at `api`.
pub(crate) fn orders(api: &str, secret: &str) -> Result<Flow, Box<dyn Error>> {
    // A service names the place instead: `SecretSource::Env("SHOP_SECRET".into())`.
    let secret = Secret::new(secret).into();
    let mut oauth2 = OAuth2::new(format!("{api}/oauth/token").parse()?, CLIENT_ID, secret);
    oauth2.scope = vec!["orders".into()];
    let five = NonZeroU32::new(5).ok_or("five is not zero")?;
    let shop = rest_api("shop", format!("{api}/private").parse()?).with(|shop| {
        shop.auth(Auth::OAuth2(oauth2))
            .rate(Rate::new(five, Duration::from_secs(1)))
            .timeout(Duration::from_secs(10))
            .usage("first_order", Pick::Body("/orders/0/total".into()))
    });
    let people = Resource::graphql(format!("{api}/graphql").parse()?, None).named("people");
    let query = "query($id: Int!) { user(id: $id) { name email } }";
    let flow = Orchestration::hybrid("orders")
        .circuit_breaker(5, Duration::from_secs(30))
        .endpoint(shop.get("orders", "/orders").parse("$response.body#/orders"))
        .endpoint(
            graphql("customer", &people, query, json!({ "id": "$inputs.customer" }))
                .depends_on(["orders"])
                .condition("$data[0].total > 0"),
        )
        .resource(shop.resource())
        .resource(people)
        .output(json!({
            "customer": "$steps.customer.output.user.name",
            "orders": "$steps.orders.output",
        }))
        .build()?;
    Ok(flow)
}
