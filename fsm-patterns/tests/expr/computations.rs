//! Computations: what holds for every text and every number.

use fsm_patterns::expr::{Computation, Dialect, MAX_DEPTH, MAX_LENGTH, Scope};
use proptest::prelude::*;
use serde_json::{Value, json};

fn eval(text: &str, context: &Value) -> Result<Value, String> {
    let computation = Computation::parse_in(Dialect::Machine, text).map_err(|e| e.to_string())?;
    let scope = Scope::new().context(context).event(&Value::Null);
    computation.eval(&scope).map_err(|error| error.to_string())
}

#[test]
fn signs_stand_between_spaces_because_names_may_hold_them() {
    let context = json!({"a": 1, "a-b": 7, "b": 2});
    assert_eq!(eval("$context.a - $context.b", &context), Ok(json!(-1)));
    assert_eq!(eval("$context.a-b", &context), Ok(json!(7)));
    for text in ["$context.a -1", "1 +2", "$context.a- 1", "(1)- 2", "1 *2", "$context.a  +", "* 2"]
    {
        assert!(eval(text, &context).is_err(), "{text}");
    }
    assert_eq!(eval("1 - -1", &context), Ok(json!(2)));
    assert_eq!(eval("- - 1", &context), Ok(json!(1)));
    assert_eq!(eval("1\n+\t2", &context), Ok(json!(3)));
}

#[test]
fn long_and_deep_texts_are_refused_before_they_are_read() {
    let deep = |count: usize| format!("{}1{}", "(".repeat(count), ")".repeat(count));
    assert_eq!(eval(&deep(MAX_DEPTH), &Value::Null), Ok(json!(1)));
    assert!(eval(&deep(MAX_DEPTH + 1), &Value::Null).is_err());
    assert!(eval(&format!("{}$context", "- ".repeat(MAX_DEPTH + 1)), &Value::Null).is_err());
    assert!(eval(&format!("1{}", " + 1".repeat(MAX_LENGTH / 4)), &Value::Null).is_err());
    assert_eq!(eval(&format!("1{}", " + 1".repeat(1000)), &Value::Null), Ok(json!(1001)));
}

fn near_computation() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "$context",
        "$context.a",
        "$event.b",
        ".a",
        "[0]",
        "'x'",
        "'",
        "(",
        ")",
        "!",
        " ",
        " + ",
        " - ",
        "-",
        " * ",
        " / ",
        " % ",
        "==",
        " != ",
        "<",
        " >= ",
        "&&",
        "||",
        "1",
        "0",
        "-1.5e3",
        "1e308",
        "18446744073709551615",
        "true",
        "null",
        "é",
        "\n",
        "$inputs.a",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_faults_lie_in_the_text(text in near_computation()) {
        match Computation::parse_in(Dialect::Machine, &text) {
            Ok(computation) => {
                prop_assert_eq!(computation.source(), &text);
                let context = json!({"a": 3});
                let event = json!({"b": -2});
                let value = computation.eval(&Scope::new().context(&context).event(&event));
                // A number that JSON cannot write never comes out.
                if let Ok(Value::Number(number)) = value {
                    prop_assert!(number.as_f64().is_some_and(f64::is_finite));
                }
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?} {:?}", error, text);
            }
        }
    }

    #[test]
    fn whole_numbers_are_added_as_whole_numbers(a: i32, b: i32, c in 1i32..) {
        let context = json!({"a": a, "b": b, "c": c});
        let (a, b, c) = (i64::from(a), i64::from(b), i64::from(c));
        prop_assert_eq!(eval("$context.a + $context.b * $context.c", &context), Ok(json!(a + b * c)));
        prop_assert_eq!(eval("($context.a - $context.b) % $context.c", &context), Ok(json!((a - b) % c)));
        prop_assert_eq!(eval("$context.a * $context.c / $context.c", &context), Ok(json!(a)));
        prop_assert_eq!(eval("$context.a - $context.b < $context.c", &context), Ok(json!(a - b < c)));
        prop_assert_eq!(eval("-$context.a", &context), Ok(json!(-a)));
    }
}
