//! Expressions: parsed, evaluated, and, where they can be, written out and parsed again.

use fsm_patterns::expr::{
    Computation, Condition, Dialect, Expression, Response, Scope, Steps, Template, UrlTemplate,
    suspicious,
};
use fsm_testkit::fuzz::{Answer, Fuzz};
use serde_json::{Value, json};

const SEEDS: [&str; 22] = [
    "$data.user.type == 'premium'",
    "$statusCode >= 200 && $statusCode < 300 || !($data.ok == true)",
    "$steps.a.output.items[0].id",
    "$steps.a.status == 'ok' && $steps.b.error.kind != 'timeout'",
    "$response.body#/items/0/na~1me",
    "$response.header.Content-Type",
    "$data['odd ''key'''].x",
    "https://api.example.com/users/{$inputs.id}/x?y={$data.n}",
    "/users/{$inputs.name}",
    "$inputs.url",
    "user {$data.user.id} and $$5 and $5",
    "$context.paid + $event.value * 2 - 1",
    "($context.n % 3 == 0) && $event.list[1] >= 7",
    "-$context.n / 0",
    "{\"id\": \"$data.user.id\", \"list\": [\"{$inputs.id}\", 1, null]}",
    "{\"value\": \"$data.none\", \"default\": 0}",
    "{\"jsonpath\": \"$.items[?@.price > 2].name\", \"from\": \"$data\"}",
    "{\"jsonpath\": \"$..[?length(@.name) > 2 && match(@.name, 'a.*')]\", \"from\": \"$inputs\"}",
    "null == $data.none",
    "'it''s' < 'b'",
    "$error.message != ''",
    "!(!(!(true)))",
];

const WORDS: [&str; 50] = [
    "$inputs",
    "$data",
    "$steps.",
    "$steps.a.output",
    ".status",
    ".error",
    "$response.body",
    "$response.header.",
    "$statusCode",
    "$url",
    "$method",
    "$error",
    "$context",
    "$event",
    "$$",
    "$5",
    "{$",
    "}",
    "[0]",
    "[-1]",
    "[99999999999999999999]",
    "['",
    "']",
    "#/",
    "~0",
    "~1",
    "~2",
    "==",
    "!=",
    "<=",
    ">=",
    "<",
    ">",
    "&&",
    "||",
    "!",
    "(",
    ")",
    "''",
    "true",
    "null",
    "1e400",
    "-",
    "+",
    "*",
    "/",
    "%",
    "https://",
    "..",
    "%2e",
];

struct World {
    outputs: Value,
}

impl Steps for World {
    fn output(&self, step: &str) -> Option<&Value> {
        self.outputs.get(step)
    }

    fn status(&self, step: &str) -> Option<&str> {
        self.outputs.get(step).map(|_| "ok")
    }

    fn error(&self, step: &str) -> Option<&Value> {
        self.outputs.get(step).filter(|_| step == "b")
    }
}

fn fuzz(name: &str) -> Fuzz {
    Fuzz::new(name).seeds(SEEDS).words(WORDS)
}

/// Hands every scope that there is to `look`: one in which much is known, and one with nothing.
fn with_scopes(mut look: impl FnMut(&Scope<'_>)) {
    let data = json!({
        "user": { "id": 7, "type": "Premium" }, "n": 1e308, "ok": true, "name": "../x y",
        "odd 'key'": { "x": [] }, "items": [{ "price": 3, "name": "ab" }, { "name": "a/ä" }],
        "none": null, "paid": 1, "value": i64::MAX, "list": [1, u64::MAX, "two"], "id": "a/b",
        "url": "https://other.example/?q#f",
    });
    let world = World { outputs: json!({ "a": data, "b": { "kind": "status" } }) };
    let headers = "text/plain"
        .parse()
        .map(|value| http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, value)]));
    let headers = headers.expect("a header");
    let response = Response {
        status: 200,
        url: "https://api.example.com/",
        method: "GET",
        headers: &headers,
        body: &data,
    };
    let full = Scope::new().inputs(&data).data(&data).steps(&world).response(response);
    look(&full.error(&data).context(&data).event(&data));
    look(&Scope::new());
}

fn said(what: Result<impl Sized, impl ToString>) -> Answer {
    match what {
        Ok(_) => true.into(),
        Err(error) => error.to_string().as_str().into(),
    }
}

const DIALECTS: [Dialect; 2] = [Dialect::Flow, Dialect::Machine];

#[test]
fn a_condition_is_read_or_refused_and_gives_an_answer_or_an_error() {
    fuzz("conditions").run(|text| {
        for condition in DIALECTS.iter().filter_map(|it| Condition::parse_in(*it, text).ok()) {
            assert_eq!(condition.source(), text);
            drop(condition.references());
            with_scopes(|scope| drop(condition.eval(scope)));
        }
        said(Condition::parse(text))
    });
}

#[test]
fn an_expression_is_read_or_refused_and_gives_a_value_or_an_error() {
    fuzz("expressions").run(|text| {
        for expression in DIALECTS.iter().filter_map(|it| Expression::parse_in(*it, text).ok()) {
            assert_eq!(expression.source(), text);
            drop((expression.references(), expression.pointer()));
            with_scopes(|scope| drop(expression.eval(scope)));
        }
        said(Expression::parse(text))
    });
}

#[test]
fn a_computation_is_read_or_refused_and_gives_a_value_or_an_error() {
    fuzz("computations").run(|text| {
        let computation = Computation::parse_in(Dialect::Machine, text);
        if let Ok(computation) = &computation {
            with_scopes(|scope| drop(computation.eval(scope)));
        }
        said(computation)
    });
}

#[test]
fn a_url_template_is_read_or_refused_and_no_value_changes_where_it_leads() {
    fuzz("url templates").run(|text| {
        let base = "https://api.example.com/v1";
        for template in [UrlTemplate::parse(text), UrlTemplate::parse_under(base, text)] {
            let Ok(template) = template else { continue };
            drop(template.references());
            with_scopes(|scope| {
                let Ok(url) = template.render(scope) else { return };
                assert!(matches!(url.scheme(), "http" | "https"), "{url}");
                if template.source().starts_with("https://api.example.com/") {
                    assert_eq!(url.host_str(), Some("api.example.com"), "{url}");
                }
            });
        }
        said(UrlTemplate::parse(text))
    });
}

#[test]
fn a_template_is_read_or_refused_and_means_the_same_when_it_is_written_out() {
    fuzz("templates").run(|text| {
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        drop(suspicious(&value));
        let template = Template::parse(&value);
        let Ok(template) = template else {
            let errors: Vec<String> =
                template.err().into_iter().flatten().map(|error| error.to_string()).collect();
            return errors.join("\n").as_str().into();
        };
        let again =
            Template::parse(&template.to_value()).expect("what it writes out is a template");
        drop((template.source(), template.references()));
        with_scopes(|scope| {
            let render = |template: &Template| template.render(scope).map_err(|e| e.to_string());
            assert_eq!(render(&template), render(&again), "{}", template.to_value());
        });
        true.into()
    });
}
