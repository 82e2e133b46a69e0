//! Flows and endpoints of common shapes, made in one line and configured from there.
//!
//! Nothing here can do what the builder can't: each function returns the builder's own types with
//! the usual choices made, so whatever differs is changed by a further call.
//!
//! | function | makes |
//! |---|---|
//! | [`sequential_chain`] | a flow: GETs, one after the other |
//! | [`parallel_aggregator`] | a flow: GETs, all at once, their answers by name |
//! | [`rest_api`] | a resource, and endpoints that call it |
//! | [`graphql`] | an endpoint: a GraphQL query with its variables |
//! | [`chat`] | an endpoint: a chat completion in the manner of OpenAI's API |
//!
//! ```
//! use std::time::Duration;
//! use fsm_patterns::{parallel_aggregator, sequential_chain};
//!
//! let chain = sequential_chain(
//!     "profile",
//!     [
//!         ("auth", "https://api.example.com/auth"),
//!         ("user", "https://api.example.com/user"),
//!         ("profile", "https://api.example.com/profile"),
//!     ],
//! )
//! .each_endpoint(|endpoint| endpoint.header("Accept-Language", "en"))
//! .fail_fast()
//! .build()?;
//! assert_eq!(chain.endpoints().len(), 3);
//!
//! let aggregate = parallel_aggregator(
//!     "offers",
//!     [
//!         ("service1", "https://api1.example.com/data"),
//!         ("service2", "https://api2.example.com/data"),
//!     ],
//! )
//! .max_concurrent(3)
//! .each_endpoint(|endpoint| endpoint.timeout(Duration::from_secs(10)))
//! .build()?;
//! assert_eq!(aggregate.name(), "offers");
//! # Ok::<(), fsm_patterns::FlowError>(())
//! ```

use fsm_http::resource::Resource;
use http::Method;
use serde_json::{Value, json};
use url::Url;

use crate::builder::{Endpoint, Orchestration};
use crate::spec::Parser;

/// GETs, one after the other in the order given. A failure does not stop the others, unless
/// [`fail_fast`](Orchestration::fail_fast) is added; what belongs to every call, such as a header,
/// is added by [`each_endpoint`](Orchestration::each_endpoint).
pub fn sequential_chain<N: Into<String>, U: Into<String>>(
    name: impl Into<String>,
    endpoints: impl IntoIterator<Item = (N, U)>,
) -> Orchestration {
    gets(Orchestration::sequential(name), endpoints)
}

/// GETs, all at once, at most [`max_concurrent`](Orchestration::max_concurrent) of them under way.
/// The run returns their answers by name; one that failed is null, and the others are there.
pub fn parallel_aggregator<N: Into<String>, U: Into<String>>(
    name: impl Into<String>,
    endpoints: impl IntoIterator<Item = (N, U)>,
) -> Orchestration {
    gets(Orchestration::parallel(name), endpoints)
}

fn gets<N: Into<String>, U: Into<String>>(
    flow: Orchestration,
    endpoints: impl IntoIterator<Item = (N, U)>,
) -> Orchestration {
    let endpoints = endpoints.into_iter().map(|(name, url)| Endpoint::get(name, url));
    endpoints.fold(flow, Orchestration::endpoint)
}

/// A REST API under `base_url`, called `name`, without credentials or limits of its own:
/// [`RestApi::with`] adds them.
///
/// ```
/// use std::sync::Arc;
/// use fsm_http::{MemoryTransport, Reply, auth::Auth, secret::Secret};
/// use fsm_patterns::{Orchestration, rest_api};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = MemoryTransport::replying(|request| {
///     assert_eq!(request.headers()["authorization"], "Bearer sesame");
///     Reply::json(&json!({"path": request.uri().path()}))
/// });
/// let token = Secret::new("sesame").into();
/// let shop = rest_api("shop", "https://shop.example.com/v1".parse()?)
///     .with(|resource| resource.auth(Auth::Bearer { token }));
///
/// let flow = Orchestration::pipeline("order")
///     .resource(shop.resource())
///     .endpoint(shop.get("user", "/users/{$inputs.id}"))
///     .endpoint(shop.post("order", "/orders"))
///     .build_with(Arc::new(server))?;
/// let report = flow.execute(json!({"id": 7})).await?;
/// assert_eq!(report.steps["user"].output["path"], "/v1/users/7");
/// assert_eq!(report.usage["shop"].calls, 2);
/// # Ok(())
/// # }
/// ```
pub fn rest_api(name: impl Into<String>, base_url: Url) -> RestApi {
    RestApi { resource: Resource::new(name).base_url(base_url) }
}

/// A REST API: makes the endpoints that call its resource. From [`rest_api`].
#[derive(Clone, Debug)]
pub struct RestApi {
    resource: Resource,
}

impl RestApi {
    /// Configures the resource: its credentials, limits, headers, and whatever else it has. One
    /// that is given another name here is called by that name.
    #[must_use]
    pub fn with(mut self, configure: impl FnOnce(Resource) -> Resource) -> Self {
        self.resource = configure(self.resource);
        self
    }

    /// The resource, for [`Orchestration::resource`].
    #[must_use]
    pub fn resource(&self) -> Resource {
        self.resource.clone()
    }

    /// A call of any method. `path` is put behind the base url, and may hold expressions.
    pub fn endpoint(
        &self,
        name: impl Into<String>,
        method: Method,
        path: impl Into<String>,
    ) -> Endpoint {
        Endpoint::new(name, method, path).resource(self.resource.name.as_str())
    }

    /// A GET.
    pub fn get(&self, name: impl Into<String>, path: impl Into<String>) -> Endpoint {
        self.endpoint(name, Method::GET, path)
    }

    /// A POST; its default body is `$data`.
    pub fn post(&self, name: impl Into<String>, path: impl Into<String>) -> Endpoint {
        self.endpoint(name, Method::POST, path)
    }

    /// A PUT; its default body is `$data`.
    pub fn put(&self, name: impl Into<String>, path: impl Into<String>) -> Endpoint {
        self.endpoint(name, Method::PUT, path)
    }

    /// A PATCH; its default body is `$data`.
    pub fn patch(&self, name: impl Into<String>, path: impl Into<String>) -> Endpoint {
        self.endpoint(name, Method::PATCH, path)
    }

    /// A DELETE.
    pub fn delete(&self, name: impl Into<String>, path: impl Into<String>) -> Endpoint {
        self.endpoint(name, Method::DELETE, path)
    }
}

/// A query to a GraphQL API, declared as [`Resource::graphql`]: `variables` is a template, `query`
/// is sent as it is written. The output is the answer's `data`. An answer with `errors` fails the
/// step with kind `contract` and their messages, also where there is data beside them.
///
/// It is a POST and so is sent once, since a query may be a mutation; `retry_count` makes the
/// attempts carry an `Idempotency-Key`.
///
/// ```
/// use std::sync::Arc;
/// use fsm_http::{MemoryTransport, Reply, resource::Resource};
/// use fsm_patterns::{Orchestration, graphql};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = MemoryTransport::replying(|request| {
///     let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap_or_default();
///     match body["variables"]["id"].as_u64() {
///         Some(7) => Reply::json(&json!({"data": {"user": {"name": "Ada"}}})),
///         _ => Reply::json(&json!({"data": null, "errors": [{"message": "no such user"}]})),
///     }
/// });
/// let github = Resource::graphql("https://api.example.com/graphql".parse()?, None);
/// let query = "query($id: Int!) { user(id: $id) { name } }";
/// let flow = Orchestration::parallel("user")
///     .endpoint(graphql("user", &github, query, json!({"id": "$inputs.id"})))
///     .resource(github)
///     .build_with(Arc::new(server))?;
///
/// let report = flow.execute(json!({"id": 7})).await?;
/// assert_eq!(report.steps["user"].output["user"]["name"], "Ada");
///
/// let report = flow.execute(json!({"id": 8})).await?;
/// let error = report.steps["user"].error.as_ref().expect("nobody has this id");
/// assert_eq!(error.kind.as_str(), "contract");
/// assert_eq!(error.message, "the GraphQL answer has errors: no such user");
/// # Ok(())
/// # }
/// ```
pub fn graphql(
    name: impl Into<String>,
    resource: &Resource,
    query: &str,
    variables: impl Into<Value>,
) -> Endpoint {
    // A variable of the query may be called as a root of our expressions is.
    let query = query.replace('$', "$$");
    Endpoint::post(name, "")
        .resource(resource.name.as_str())
        .body(json!({ "query": query, "variables": variables.into() }))
        .response_parser(Parser::GraphQl)
}

/// A chat completion of an API in the manner of OpenAI's, declared as [`Resource::openai_chat`].
/// `request` is a template of the whole request: `model`, `messages`, and whatever else the API
/// takes. The output is the text of the first choice;
/// [`parse("$response.body")`](Endpoint::parse) gives the whole answer instead.
///
/// The tokens that the answer reports are summed up under the resource's name in the run's `usage`.
///
/// ```
/// use std::sync::Arc;
/// use fsm_http::{MemoryTransport, Reply, resource::Resource, secret::Secret};
/// use fsm_patterns::{Orchestration, chat};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = MemoryTransport::replying(|_| Reply::json(&json!({
///     "choices": [{"message": {"role": "assistant", "content": "A state machine."}}],
///     "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
/// })));
/// let key = Secret::new("sk-1").into();
/// let llm = Resource::openai_chat("https://llm.example.com/v1".parse()?, key);
/// let request = json!({
///     "model": "small",
///     "messages": [{"role": "user", "content": "$inputs.question"}],
///     "temperature": 0,
/// });
/// let flow = Orchestration::pipeline("answer")
///     .endpoint(chat("answer", &llm, request))
///     .resource(llm)
///     .build_with(Arc::new(server))?;
///
/// let report = flow.execute(json!({"question": "What is a door?"})).await?;
/// assert_eq!(report.steps["answer"].output, "A state machine.");
/// assert_eq!(report.usage["openai"].fields["total_tokens"], 13.into());
/// # Ok(())
/// # }
/// ```
pub fn chat(name: impl Into<String>, resource: &Resource, request: impl Into<Value>) -> Endpoint {
    Endpoint::post(name, "/chat/completions")
        .resource(resource.name.as_str())
        .body(request)
        .parse("$response.body#/choices/0/message/content")
}
