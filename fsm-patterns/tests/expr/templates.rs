//! Templates: text, types, embedding, defaults, queries, and what is reported.

use fsm_patterns::expr::{EvalError, MAX_DEPTH, MAX_LENGTH, Template, suspicious};
use serde_json::{Value, json};

use crate::world::World;

fn render(template: &Value) -> Result<Value, EvalError> {
    let template = Template::parse(template).unwrap_or_else(|errors| panic!("{errors:?}"));
    template.render(&World::new().scope())
}

#[test]
fn only_a_dollar_and_a_known_root_make_an_expression() {
    let table = [
        ("$5", "$5"),
        ("$", "$"),
        ("$$", "$"),
        ("$inputsx", "$inputsx"),
        ("$inputs_id", "$inputs_id"),
        ("$inputs-x.y", "$inputs-x.y"),
        ("$unknown.id", "$unknown.id"),
        ("$.items[0]", "$.items[0]"),
        ("costs $inputs.id", "costs $inputs.id"),
        ("$$inputs.id", "$inputs.id"),
        ("$$$inputs.id", "$$inputs.id"),
        ("price: $$5", "price: $5"),
        ("{$$inputs.id}", "{$inputs.id}"),
        ("{$unknown.id}", "{$unknown.id}"),
        ("{ $inputs.id }", "{ $inputs.id }"),
        ("{", "{"),
        ("{}", "{}"),
        ("a { b } {c}", "a { b } {c}"),
        ("é{ü}$ß", "é{ü}$ß"),
        ("", ""),
    ];
    for (text, expected) in table {
        assert_eq!(render(&json!(text)), Ok(json!(expected)), "{text}");
    }
}

#[test]
fn a_string_that_is_one_expression_keeps_the_type() {
    assert_eq!(render(&json!("$inputs.id")), Ok(json!(7)));
    assert_eq!(render(&json!("$data.items")), Ok(json!([{"k": 1}, {"k": 2}, {"k": 3}])));
    assert_eq!(render(&json!("$data.user.none")), Ok(json!(null)));
    assert_eq!(render(&json!("$steps.skipped.output.x")), Ok(json!(null)));
}

#[test]
fn an_embedded_expression_becomes_text() {
    let table = [
        ("{$inputs.id}", "7"),
        ("user {$inputs.id}!", "user 7!"),
        ("{$inputs.id}{$inputs.name}", "7Ann"),
        ("{{$inputs.id}}", "{7}"),
        ("p={$data.user.premium} n={$data.user.none}", "p=true n=null"),
        ("{$data.items}", r#"[{"k":1},{"k":2},{"k":3}]"#),
        ("{$data#/odd key/a~1b}é", "1é"),
        ("{$data['odd key']['it''s']}", "3"),
        ("Bearer {$response.body#/access_token}", "Bearer abc"),
        (r#"{"a": {$inputs.id}, "b": {}}"#, r#"{"a": 7, "b": {}}"#),
    ];
    for (text, expected) in table {
        assert_eq!(render(&json!(text)), Ok(json!(expected)), "{text}");
    }
}

#[test]
fn an_absent_member_is_an_error_that_names_the_expression_and_the_missing_part() {
    let table = [
        ("$data.user.id", "`$data.user.id` is absent: `$data.user` has no member `id`"),
        ("$data.nobody.id", "`$data.nobody.id` is absent: `$data` has no member `nobody`"),
        ("$data#/user/id", "`$data#/user/id` is absent: `$data#/user` has no member `id`"),
        ("x {$data#/nobody}", "`$data#/nobody` is absent: `$data` has no member `nobody`"),
        (
            "$data.items[5].k",
            "`$data.items[5].k` is absent: `$data.items` has 3 items and none at `[5]`",
        ),
        (
            "$data.total.x",
            "`$data.total.x` is absent: `$data.total` is a number and has no member `x`",
        ),
        (
            "$response.header.X-No",
            "`$response.header.X-No` is absent: the answer has no header `x-no`",
        ),
    ];
    for (text, message) in table {
        let error = render(&json!({"deep": [text]})).expect_err(text);
        assert!(matches!(error, EvalError::Absent { .. }));
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_default_stands_in_for_what_is_absent_and_for_nothing_else() {
    let table = [
        (json!({"value": "$data.nobody", "default": 0}), json!(0)),
        (json!({"default": 0, "value": "$data.nobody"}), json!(0)),
        (json!({"value": "$data.total", "default": 0}), json!(150)),
        (json!({"value": "$data.user.none", "default": 0}), json!(null)),
        (json!({"value": "$steps.skipped.output.x", "default": 0}), json!(0)),
        (json!({"value": "hi {$data.nobody}", "default": "hi"}), json!("hi")),
        (json!({"value": "$data.nobody", "default": "$inputs.id"}), json!(7)),
        (json!({"value": "$data.nobody", "default": {"a": ["$inputs.id"]}}), json!({"a": [7]})),
        (
            json!({"value": {"value": "$data.no", "default": "$data.nobody"}, "default": 3}),
            json!(3),
        ),
        (json!({"value": {"jsonpath": "$[*]", "from": "$data.nobody"}, "default": []}), json!([])),
    ];
    for (template, expected) in table {
        assert_eq!(render(&template), Ok(expected), "{template}");
    }
    let error = render(&json!({"value": "$data.nobody", "default": "$data.no"})).unwrap_err();
    assert!(error.to_string().contains("`$data.no` is absent"), "{error}");
}

#[test]
fn other_objects_with_such_keys_are_objects() {
    for template in [
        json!({"value": 3, "default": 4}),
        json!({"value": "text", "default": 4}),
        json!({"value": "$$data.x", "default": 4}),
        json!({"value": 1}),
        json!({"jsonpath": "items", "from": "here"}),
        json!({"jsonpath": 5, "from": "here"}),
    ] {
        let text = template.to_string().replace("$$", "$");
        assert_eq!(render(&template).unwrap().to_string(), text);
    }
    let three = json!({"value": "$inputs.id", "default": 4, "more": 5});
    assert_eq!(render(&three), Ok(json!({"value": 7, "default": 4, "more": 5})));
    let escaped = json!({"jsonpath": "$$.items", "language": "en"});
    assert_eq!(render(&escaped), Ok(json!({"jsonpath": "$.items", "language": "en"})));
}

#[test]
fn a_jsonpath_gives_the_array_of_its_matches() {
    let table = [
        (json!({"jsonpath": "$.items[?@.k > 1]", "from": "$data"}), json!([{"k": 2}, {"k": 3}])),
        (json!({"from": "$data.items", "jsonpath": "$[-1:].k"}), json!([3])),
        (json!({"jsonpath": "$.nothing", "from": "$data"}), json!([])),
        (json!({"jsonpath": "$", "from": "$inputs.id"}), json!([7])),
        (json!({"jsonpath": "$..k", "from": "$steps.skipped.output"}), json!([])),
        (
            json!({"jsonpath": "$[?@ > 5]", "from": {"jsonpath": "$.*", "from": "$inputs"}}),
            json!([7, 9_007_199_254_740_993_u64]),
        ),
    ];
    for (template, expected) in table {
        assert_eq!(render(&template), Ok(expected), "{template}");
    }
}

#[test]
fn all_faults_of_a_tree_are_reported_at_once_with_their_places() {
    let errors = Template::parse(&json!({
        "a/b": ["fine", "x {$data.} y {$steps.a.outputs.x}"],
        "m~n": "$data[",
        "q": {"jsonpath": "$[?", "from": "$data"},
        "r": {"jsonpath": "$.a", "from": "text"},
        "s": {"jsonpath": "$.a", "form": "$data"},
        "t": {"jsonpath": "items", "from": "$data"},
        "u": "{$data.a",
    }))
    .unwrap_err();
    let places: Vec<(&str, &str)> = errors
        .iter()
        .map(|error| (error.pointer.as_str(), error.message.split('`').next().unwrap_or("")))
        .collect();
    assert_eq!(places[0], ("/a~1b/1", "a member's name must follow the dot"));
    assert_eq!(places[1], ("/a~1b/1", "a step has no "));
    assert_eq!(places[2], ("/m~0n", "the bracket is not closed"));
    assert_eq!(places[3].0, "/q/jsonpath");
    assert!(places[3].1.starts_with("no JSONPath"));
    assert_eq!(places[4].0, "/r/from");
    assert_eq!(places[5].0, "/s/jsonpath");
    assert_eq!(places[6].0, "/t/jsonpath");
    assert_eq!(places[7].0, "/u");
    assert_eq!(places.len(), 8);
    assert_eq!(errors[0].span, 8..9, "the dot of `{{$data.}}`");
    assert_eq!(errors[1].span, 22..30, "`.outputs`");
    assert!(errors[7].to_string().starts_with("/u: `{$data.a` is not closed"), "{}", errors[7]);
}

#[test]
fn a_jsonpath_is_capped_before_the_library_sees_it() {
    let parse = |path: String| Template::parse(&json!({"jsonpath": path, "from": "$data"}));
    let deep = |depth: usize| format!("$[?{}@.a{}]", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(deep(MAX_DEPTH - 1)).is_ok());
    assert!(parse(deep(MAX_DEPTH)).unwrap_err()[0].message.contains("nested too deeply"));
    assert!(parse(deep(100_000)).is_err());
    let long = format!("$['{}']", "a".repeat(MAX_LENGTH));
    assert!(parse(long).unwrap_err()[0].message.contains("too long"));
}

#[test]
fn text_around_expressions_may_be_long_and_a_tree_may_not_be_bottomless() {
    let long = "x".repeat(100_000);
    let template = json!(format!("{long}{{$inputs.id}}"));
    assert_eq!(render(&template), Ok(json!(format!("{long}7"))));
    let deep = (0..1000).fold(json!(1), |inside, _| json!([inside]));
    let errors = Template::parse(&deep).unwrap_err();
    assert!(errors[0].message.contains("nested too deeply"));
}

#[test]
fn a_literal_is_given_as_it_is_and_its_source_reads_as_the_same() {
    for value in [
        json!("$inputs.id"),
        json!("{$inputs.id}"),
        json!("a $$ b"),
        json!({"value": "$data.x", "default": 1}),
        json!({"jsonpath": "$.x", "from": "$data"}),
        json!({"jsonpath": "$.x"}),
        json!("$5"),
    ] {
        let literal = Template::literal(value.clone());
        assert_eq!(literal.render(&World::new().scope()), Ok(value.clone()));
        assert_eq!(literal.as_literal(), Some(&value));
        assert_eq!(render(&literal.to_value()), Ok(value));
    }
    assert_eq!(Template::literal(json!("$5")).source(), "$5", "no escape where none is needed");
}

#[test]
fn references_and_source_tell_what_was_written() {
    let tree = json!({
        "a": "é {$inputs.id} {$data}",
        "b": {"value": "$steps.x.output", "default": ["$error.kind"]},
        "c": {"from": "$data.items", "jsonpath": "$..k"},
    });
    let template = Template::parse(&tree).unwrap();
    let found: Vec<(String, &str)> = template
        .references()
        .into_iter()
        .map(|one| {
            let text = tree.pointer(&one.pointer).and_then(Value::as_str).unwrap();
            (one.pointer, &text[one.span])
        })
        .collect();
    let place = |pointer: &str| pointer.to_owned();
    assert_eq!(
        found,
        [
            (place("/a"), "$inputs.id"),
            (place("/a"), "$data"),
            (place("/b/value"), "$steps.x.output"),
            (place("/b/default/0"), "$error.kind"),
            (place("/c/from"), "$data.items"),
        ]
    );
    assert_eq!(template.to_value(), tree);
    assert_eq!(template.source(), tree.to_string());
    assert_eq!(Template::text("id {$inputs.id}").unwrap().source(), "id {$inputs.id}");
}

#[test]
fn text_that_was_perhaps_meant_as_an_expression_can_be_shown() {
    let found = suspicious(&json!({
        "a": "$input.id",
        "b": ["x {$step.a.output}", "$5", "$inputs.id", "$select", "{$filter}", "$inputsx",
            "for {inputs.user} and {data}"],
    }));
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "/a: `$input` is no known root and stays text (did you mean `$inputs`?)",
            "/b/0: `$step` is no known root and stays text (did you mean `$steps`?)",
            "/b/5: `$inputsx` is no known root and stays text (did you mean `$inputs`?)",
            "/b/6: `{inputs.user}` lacks its `$` and stays text (did you mean `{$inputs.user}`?)",
        ]
    );
}
