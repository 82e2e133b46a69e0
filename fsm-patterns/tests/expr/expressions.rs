//! Expressions: what each spelling reaches, what is absent, and what is no expression.

use std::borrow::Cow;

use fsm_patterns::expr::{
    Condition, Dialect, EvalError, Expression, MAX_DEPTH, MAX_LENGTH, Root, Scope, StepField,
    Template, UrlTemplate,
};
use serde_json::{Value, json};

use crate::world::World;

fn eval(text: &str) -> Option<Value> {
    let world = World::new();
    let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let value = expression.eval(&world.scope()).unwrap_or_else(|error| panic!("{text}: {error}"));
    value.map(Cow::into_owned)
}

#[test]
fn every_root_and_every_spelling_reaches_its_value() {
    let table = [
        ("$inputs.id", json!(7)),
        ("$inputs#/id", json!(7)),
        ("$inputs['id']", json!(7)),
        ("$data.items[1].k", json!(2)),
        ("$data#/items/1/k", json!(2)),
        ("$data.items#/1/k", json!(2)),
        ("$data.items.1.k", json!(2)),
        ("$data['odd key']['a/b']", json!(1)),
        ("$data#/odd key/a~1b", json!(1)),
        ("$data#/odd key/m~0n", json!(2)),
        ("$data['odd key']['it''s']", json!(3)),
        ("$data['odd key']['']", json!(4)),
        ("$data#/odd key/", json!(4)),
        ("$data.user.none", json!(null)),
        ("$steps.fraud-check.output.tags[0]", json!("a")),
        ("$steps.fraud-check.output#/tags/1", json!("b")),
        ("$steps.fraud-check.status", json!("ok")),
        ("$steps.pay_1.error.http_status", json!(503)),
        ("$response.body.products[1]", json!(2)),
        ("$response.body#/access_token", json!("abc")),
        ("$response.header.X-Trace-Id", json!("t-1")),
        ("$response.header.x-trace-id", json!("t-1")),
        ("$response.header.Vary", json!("accept, cookie")),
        ("$statusCode", json!(201)),
        ("$url", json!("https://api.example.com/users")),
        ("$method", json!("POST")),
        ("$error.kind", json!("timeout")),
    ];
    for (text, expected) in table {
        assert_eq!(eval(text), Some(expected), "{text}");
    }
    assert_eq!(eval("$data#"), Some(World::new().data));
    assert_eq!(eval("$data"), Some(World::new().data));
}

#[test]
fn what_is_not_there_is_absent() {
    for text in [
        "$inputs.nobody",
        "$data.items[3]",
        "$data#/items/-",
        "$data#/items/01",
        "$data.items.k",
        "$data.user.name.first",
        "$data.user.none.x",
        "$data.user[0]",
        "$response.header.X-None",
        "$error.http_status",
        "$steps.fraud-check.output.owner.name",
    ] {
        assert_eq!(eval(text), None, "{text}");
    }
}

#[test]
fn a_step_without_output_counts_as_null_and_so_does_what_would_lie_inside() {
    for text in [
        "$steps.skipped.output",
        "$steps.skipped.output.a[0].b",
        "$steps.skipped.output#/a/0",
        "$steps.empty.output.id",
        "$steps.skipped.error",
        "$steps.fraud-check.error.message",
    ] {
        assert_eq!(eval(text), Some(Value::Null), "{text}");
    }
}

#[test]
fn a_value_is_borrowed_from_a_large_document_and_never_cloned() {
    let data = json!({"a": {"b": vec!["0123456789"; 10_000]}});
    let scope = Scope::new().data(&data);
    let expression = Expression::parse("$data.a.b").unwrap();
    let template = Template::parse(&json!("$data.a.b")).unwrap();
    for value in [expression.eval(&scope).unwrap().unwrap(), template.eval(&scope).unwrap()] {
        match value {
            Cow::Borrowed(value) => assert!(std::ptr::eq(value, &data["a"]["b"])),
            Cow::Owned(_) => panic!("the document was cloned"),
        }
    }
}

#[test]
fn a_root_that_is_not_known_here_is_an_error_that_says_when_it_is() {
    let data = json!({});
    let scope = Scope::new().data(&data);
    for (text, says) in [
        ("$error.kind", "only in an error_handler"),
        ("$response.body", "once there is an answer"),
        ("$statusCode", "once there is an answer"),
    ] {
        let error = Expression::parse(text).unwrap().eval(&scope).unwrap_err();
        assert!(matches!(error, EvalError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains(text) && error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_faulty_expression_says_what_is_wrong_and_what_to_do() {
    let table = [
        ("$input.id", "unknown root `$input`", "did you mean `$inputs`?"),
        ("$step.a.output", "unknown root `$step`", "`$steps`"),
        ("$status_code", "unknown root", "`$statusCode`"),
        ("$.items", "unknown root `$`", "`$inputs`"),
        ("$env.KEY", "unknown root", "{ env: NAME }"),
        ("$request.body", "unknown root", "Arazzo"),
        ("$steps.a.outputs.x", "no `outputs`", "did you mean `.output`?"),
        ("$steps.a.result", "no `result`", "`$steps.NAME.output`"),
        ("$steps.a", "`$steps.a` does not say what", ".output"),
        ("$steps", "needs the name", ".output"),
        ("$steps['a b'].output", "no name of a step", "letters"),
        ("$response", "does not say what", "$response.body"),
        ("$response.headers.x", "no `headers`", "`$response.header.NAME`"),
        ("$response.header", "needs the name", "$response.header.NAME"),
        ("$response.header['a b']", "no name of a header", "$response.header.NAME"),
        ("$response.status", "no `status`", "`$statusCode`"),
        ("$statusCode.x", "single value", "`$statusCode`"),
        ("$steps.a.status.x", "single value", "`$steps.a.status`"),
        ("$data.", "must follow the dot", "['odd key']"),
        ("$data..a", "must follow the dot", "['odd key']"),
        ("$data[", "not closed", ""),
        ("$data[-1]", "no index", "jsonpath"),
        ("$data[*]", "no index", "jsonpath"),
        ("$data['a", "not closed", "twice"),
        ("$data['a'", "not closed", "]"),
        ("$data#a", "begins with `/`", "#/a"),
        ("$data#/a~2", "lone `~`", "~0"),
        ("$data science", "unexpected after `$data`", "$$data"),
        ("$data.a, b", "unexpected after `$data.a`", "{$data.a}"),
        ("data", "begins with `$`", ""),
    ];
    for (text, message, hint) in table {
        let error = Expression::parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text}: {}", error.message);
        assert!(error.hint.as_deref().unwrap_or("").contains(hint), "{text}: {:?}", error.hint);
        assert!(text.get(error.span.clone()).is_some(), "{text}: {:?}", error.span);
    }
}

#[test]
fn length_and_depth_are_capped_before_anything_is_parsed() {
    let name = "a".repeat(MAX_LENGTH - "$data.".len());
    assert!(Expression::parse(&format!("$data.{name}")).is_ok());
    let error = Expression::parse(&format!("$data.{name}a")).unwrap_err();
    assert!(error.to_string().contains("4096"), "{error}");
    let error = Expression::parse(&format!("$data{}", "[".repeat(MAX_DEPTH + 1))).unwrap_err();
    assert!(error.message.contains("nested too deeply"), "{error}");
    let embedded = json!(format!("{{$data.{name}a}}"));
    assert!(Template::parse(&embedded).unwrap_err()[0].message.contains("too long"));
}

#[test]
fn a_reference_tells_root_step_member_and_place() {
    let expression = Expression::parse("$steps.fraud-check.output.score").unwrap();
    let reference = &expression.references()[0];
    let name = "fraud-check".to_owned();
    assert_eq!(reference.root, Root::Step { name, field: StepField::Output });
    assert_eq!(reference.step(), Some("fraud-check"));
    assert_eq!(reference.member.as_deref(), Some("score"));
    assert_eq!(reference.span, 0..expression.source().len());
    let inputs = Expression::parse("$inputs#/id").unwrap().references();
    assert_eq!((&inputs[0].root, inputs[0].member.as_deref()), (&Root::Inputs, Some("id")));
    let header = Expression::parse("$response.header.X-Id").unwrap();
    assert_eq!(header.root(), &Root::Header("x-id".to_owned()));
}

#[test]
fn a_machine_file_has_roots_of_its_own() {
    let (context, event) = (json!({"n": 2}), json!({"amount": 5}));
    let scope = Scope::new().context(&context).event(&event);
    let amount = Expression::parse_in(Dialect::Machine, "$event.amount").unwrap();
    assert_eq!(amount.eval(&scope).unwrap().as_deref(), Some(&json!(5)));
    assert!(Expression::parse_in(Dialect::Machine, "$data.n").is_err());
    assert!(Expression::parse("$context.n").unwrap_err().to_string().contains("machine files"));
    let text = Template::parse(&json!("$context.n")).unwrap();
    assert_eq!(text.render(&scope).unwrap(), json!("$context.n"));
}

#[test]
fn everything_parsed_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + std::fmt::Debug>() {}
    shared::<Expression>();
    shared::<Template>();
    shared::<Condition>();
    shared::<UrlTemplate>();
    shared::<EvalError>();
}
