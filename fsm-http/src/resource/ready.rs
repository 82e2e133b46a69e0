//! Ready-made resources, and patterns for more: each is a few lines of declaration.

use std::time::Duration;

use http::header::ACCEPT;
use serde_json::Value;
use url::Url;

use super::declaration::{Pick, Resource};
use crate::{auth::Auth, secret::SecretSource};

impl Resource {
    /// An API for chats in the manner of OpenAI's (`POST /chat/completions` under a base url such
    /// as `https://api.openai.com/v1`), named `openai`: the key goes as a bearer token, a call has
    /// two minutes, since text takes its time, and the tokens that answers report are counted as
    /// `prompt_tokens`, `completion_tokens`, and `total_tokens`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use fsm_http::{MemoryTransport, Payload, Reply, resource::Resource, secret::Secret};
    /// use http::Method;
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = MemoryTransport::replying(|_| Reply::json(&json!({
    ///     "choices": [{"message": {"role": "assistant", "content": "Hello!"}}],
    ///     "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
    /// })));
    /// let base = "http://llm.example.com/v1".parse()?;
    /// let client = Resource::openai_chat(base, Secret::new("sk-1").into()).open(Some(Arc::new(server)))?;
    ///
    /// let mut call = client.call(Method::POST, "/chat/completions")?;
    /// call.body = Payload::json(&json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}));
    /// let answer = client.caller("chat").call(&call).await?;
    /// assert_eq!(answer.value["choices"][0]["message"]["content"], "Hello!");
    /// assert_eq!(client.pick_usage(&answer)[2], ("total_tokens".into(), 12.into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn openai_chat(base_url: Url, key: SecretSource) -> Self {
        let of_usage = |field: &str| Pick::Body(format!("/usage/{field}"));
        let fields = ["prompt_tokens", "completion_tokens", "total_tokens"];
        let resource = Self::new("openai")
            .base_url(base_url)
            .auth(Auth::Bearer { token: key })
            .timeout(Duration::from_secs(120));
        fields.into_iter().fold(resource, |resource, field| resource.usage(field, of_usage(field)))
    }

    /// A GraphQL API at one url, named `graphql`: queries are sent to it with POST, and answers are
    /// asked for in the media types of GraphQL over HTTP. What an answer says is read with
    /// [`graphql_data`].
    pub fn graphql(url: Url, auth: Option<Auth>) -> Self {
        let wanted = "application/graphql-response+json, application/json;q=0.9";
        let resource = Self::new("graphql").base_url(url).header(ACCEPT, wanted);
        match auth {
            None => resource,
            Some(auth) => resource.auth(auth),
        }
    }
}

/// The data of a GraphQL answer. GraphQL reports failures with status 200, so they are found here.
/// Data beside errors is data: a field that failed is null in it.
///
/// # Errors
///
/// The messages of the answer's errors where it has no data, and a sentence where it is no GraphQL
/// answer at all.
///
/// ```
/// use fsm_http::resource::graphql_data;
/// use serde_json::json;
///
/// assert_eq!(graphql_data(&json!({"data": {"user": 7}})), Ok(json!({"user": 7})));
/// let failed = json!({"data": null, "errors": [{"message": "no such user"}, {"message": "nor shop"}]});
/// assert_eq!(graphql_data(&failed), Err("no such user; nor shop".into()));
/// ```
pub fn graphql_data(value: &Value) -> Result<Value, String> {
    let errors = value.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty());
    match (value.get("data"), errors) {
        (Some(data), None) => Ok(data.clone()),
        (Some(data), Some(_)) if !data.is_null() => Ok(data.clone()),
        (Some(_) | None, Some(errors)) => {
            let message = |error: &Value| match error.get("message").and_then(Value::as_str) {
                Some(message) => message.to_owned(),
                None => "an error without a message".to_owned(),
            };
            Err(errors.iter().map(message).collect::<Vec<_>>().join("; "))
        }
        (None, None) => {
            Err("this is no GraphQL answer: it has neither `data` nor `errors`".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_counts_also_beside_errors_and_errors_only_without_data() {
        let error = json!([{"message": "a"}, {"path": []}]);
        let table = [
            (json!({"data": null}), Ok(json!(null))),
            (json!({"data": {"a": null}, "errors": error}), Ok(json!({"a": null}))),
            (json!({"data": 1, "errors": []}), Ok(json!(1))),
            (json!({"errors": error}), Err("a; an error without a message")),
            (json!({"data": null, "errors": error}), Err("a; an error without a message")),
            (json!({}), Err("this is no GraphQL answer: it has neither `data` nor `errors`")),
            (json!([1]), Err("this is no GraphQL answer: it has neither `data` nor `errors`")),
        ];
        for (answer, expected) in table {
            assert_eq!(graphql_data(&answer), expected.map_err(str::to_owned), "{answer}");
        }
    }
}
