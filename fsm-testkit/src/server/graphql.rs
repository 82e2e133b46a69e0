//! A GraphQL API with one query, `user(id: …)`, and a reader that understands no more than that.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Problem, object, problem};
use super::users;
use super::world::World;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new().route("/graphql", post(query))
}

async fn query(body: Bytes) -> Result<Response, Problem> {
    let request = object(&body)?;
    let Some(query) = request.get("query").and_then(Value::as_str) else {
        return Err(problem(StatusCode::BAD_REQUEST, "`query` must be a text"));
    };
    let no_variables = Map::new();
    let variables = request.get("variables").and_then(Value::as_object).unwrap_or(&no_variables);
    let answer = match user(query, variables) {
        Ok(user) => json!({ "data": { "user": user } }),
        Err(why) => json!({ "data": null, "errors": [{ "message": why }] }),
    };
    Ok(Json(answer).into_response())
}

fn user(query: &str, variables: &Map<String, Value>) -> Result<Value, String> {
    let found = query.split_once("user(").and_then(|(_, rest)| rest.split_once(')'));
    let Some((argument, rest)) = found else {
        return Err("Syntax Error: this API answers to `user(id: …) { … }` alone.".into());
    };
    let given = argument.split_once("id:").map_or("", |(_, given)| given.trim());
    let id = match given.strip_prefix('$') {
        None => given.parse().ok(),
        Some(name) => variables.get(name).and_then(Value::as_u64),
    };
    let Some(id) = id else {
        return Err("Argument \"id\" of type \"Int!\" is required, but it was not provided.".into());
    };
    let fields = rest.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let Some((fields, _)) = fields else {
        return Err("Syntax Error: a selection of fields is expected.".into());
    };
    let Some(user) = users::find(id) else { return Err(format!("There is no user {id}.")) };
    let names = fields.split(|letter: char| letter.is_whitespace() || letter == ',');
    let picked = names.filter(|name| !name.is_empty()).map(|name| match user.get(name) {
        Some(value) => Ok((name.to_owned(), value.clone())),
        None => Err(format!("Cannot query field \"{name}\" on type \"User\".")),
    });
    picked.collect::<Result<Map<String, Value>, String>>().map(Value::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_picked_and_unknown_ones_told() {
        let variables = Map::from_iter([("id".to_owned(), json!(7))]);
        let ask = |query: &str| user(query, &variables);
        assert_eq!(ask("query($id: Int!) { user(id: $id) { id } }"), Ok(json!({ "id": 7 })));
        assert_eq!(
            ask("{ user(id: 8) { id, name } }").map(|user| user["id"].clone()),
            Ok(json!(8))
        );
        let unknown = "Cannot query field \"age\" on type \"User\".";
        assert_eq!(ask("{ user(id: 8) { age } }"), Err(unknown.into()));
        for query in
            ["{ posts { id } }", "{ user(id: $other) { id } }", "{ user(id: 5000) { id } }"]
        {
            assert!(ask(query).is_err(), "{query}");
        }
    }
}
