//! What holds for every text and every value.

use fsm_patterns::expr::{Condition, Expression, Scope, Template, UrlTemplate, suspicious};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Texts that come close to being expressions, so that the parsers get past their first line.
fn near_expression() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "$",
        "$$",
        "$inputs",
        "$data",
        "$steps",
        ".a",
        ".output",
        "[0]",
        "['",
        "']",
        "''",
        "'",
        "#/",
        "~1",
        "~",
        "{",
        "}",
        "{$data",
        "(",
        ")",
        "!",
        "==",
        "!=",
        "<",
        "<=",
        "&&",
        "||",
        " ",
        "1",
        "-1.5e3",
        "true",
        "null",
        "é",
        "\n",
        "https://",
        "h.example",
        "/",
        "?",
        "#",
        "%2e",
        "\\",
        "@",
        ":",
        "..",
        "$response.header.",
        "x-é",
    ]);
    prop_oneof![
        any::<String>(),
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e6..1e6f64).prop_map(Value::from),
        near_expression().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inside| {
        let key = prop_oneof!["[a-c]", Just("value".to_owned()), Just("jsonpath".to_owned())];
        prop_oneof![
            prop::collection::vec(inside.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inside), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reading_never_panics_and_spans_lie_within_the_text(text in near_expression()) {
        let data = json!({"a": ["x", {"output": 1}]});
        let scope = Scope::new().data(&data).inputs(&data);
        let mut spans = Vec::new();
        match Expression::parse(&text) {
            Ok(expression) => {
                prop_assert_eq!(expression.source(), &text);
                let _ = expression.eval(&scope);
            }
            Err(error) => spans.push(error.span),
        }
        match Condition::parse(&text) {
            Ok(condition) => {
                prop_assert_eq!(condition.source(), &text);
                spans.extend(condition.references().into_iter().map(|one| one.span));
                let _ = condition.eval(&scope);
            }
            Err(error) => spans.push(error.span),
        }
        match Template::text(&text) {
            Ok(template) => {
                spans.extend(template.references().into_iter().map(|one| one.span));
                let _ = template.render(&scope);
            }
            Err(errors) => spans.extend(errors.into_iter().map(|error| error.span)),
        }
        for url in [UrlTemplate::parse(&text), UrlTemplate::parse_under("https://h.example/v", &text)] {
            match url {
                Ok(url) => {
                    prop_assert_eq!(url.source(), &text);
                    spans.extend(url.references().into_iter().map(|one| one.span));
                    let _ = url.render(&scope);
                }
                Err(error) => spans.push(error.span),
            }
        }
        for span in spans {
            prop_assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}");
        }
    }

    #[test]
    fn a_literal_renders_as_itself_and_its_tree_reads_as_itself(value in value()) {
        let literal = Template::literal(value.clone());
        prop_assert_eq!(&literal.render(&Scope::new()).unwrap(), &value);
        let again = Template::parse(&literal.to_value()).unwrap();
        prop_assert_eq!(again.render(&Scope::new()).unwrap(), value);
    }

    #[test]
    fn a_template_is_read_again_from_its_own_tree(value in value()) {
        let _ = suspicious(&value);
        if let Ok(template) = Template::parse(&value) {
            prop_assert_eq!(Template::parse(&template.to_value()).unwrap(), template);
        }
    }

    #[test]
    fn equality_is_reflexive_and_symmetric_and_the_opposite_of_inequality(
        left in value(), right in value()
    ) {
        let data = json!({"l": left, "r": right});
        let scope = Scope::new().data(&data);
        let holds = |text: &str| Condition::parse(text).unwrap().eval(&scope).unwrap();
        prop_assert!(holds("$data.l == $data.l"));
        prop_assert_eq!(holds("$data.l == $data.r"), holds("$data.r == $data.l"));
        prop_assert_ne!(holds("$data.l == $data.r"), holds("$data.l != $data.r"));
    }

    #[test]
    fn exactly_one_of_less_equal_and_greater_holds_for_numbers(
        left in prop_oneof![any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from)],
        right in prop_oneof![any::<u64>().prop_map(Value::from), any::<f64>().prop_map(Value::from)],
    ) {
        prop_assume!(left.is_number() && right.is_number());
        let data = json!({"l": left, "r": right});
        let scope = Scope::new().data(&data);
        let holds = |text: &str| Condition::parse(text).unwrap().eval(&scope).unwrap();
        let answers =
            ["$data.l < $data.r", "$data.l == $data.r", "$data.l > $data.r"].map(holds);
        prop_assert_eq!(answers.into_iter().filter(|answer| *answer).count(), 1);
        prop_assert_eq!(holds("$data.l <= $data.r"), !holds("$data.l > $data.r"));
    }

    #[test]
    fn a_string_literal_is_what_it_says(text in "[^\0]{0,40}") {
        let data = json!(text);
        let condition = format!("$data == '{}'", text.replace('\'', "''"));
        prop_assert!(Condition::parse(&condition).unwrap().eval(&Scope::new().data(&data)).unwrap());
    }

    #[test]
    fn no_value_leaves_its_segment(id in any::<String>()) {
        let data = json!({"id": id});
        let url = UrlTemplate::parse("https://h.example/a/{$data.id}/b?q=1").unwrap();
        match url.render(&Scope::new().data(&data)) {
            Ok(url) => {
                prop_assert_eq!(url.host_str(), Some("h.example"));
                prop_assert_eq!(url.query(), Some("q=1"));
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 3);
                let decoded = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
                prop_assert_eq!(decoded.as_ref(), id.as_str());
            }
            Err(_) => prop_assert!(["", ".", ".."].contains(&id.as_str())),
        }
    }
}
