//! Conditions: operators, their strength, and what they refuse.

use fsm_patterns::expr::{Condition, Dialect, EvalError, MAX_DEPTH, MAX_LENGTH, Root, Scope};
use serde_json::json;

use crate::world::World;

fn holds(text: &str) -> Result<bool, EvalError> {
    let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    condition.eval(&World::new().scope())
}

#[test]
fn every_operator_gives_its_answer() {
    let table = [
        ("$data.total > 100", true),
        ("$data.total >= 150", true),
        ("$data.total<150", false),
        ("$data.total <= 149.9", false),
        ("$data.total == 150.0", true),
        ("$data.total == 1.5e2", true),
        ("$data.total != -150", true),
        ("$inputs.big == 9007199254740993", true),
        ("$inputs.big == 9007199254740992.0", false),
        ("$inputs.big > 9007199254740992.0", true),
        ("18446744073709551615 > 9223372036854775807", true),
        ("$inputs.name == 'ANN'", true),
        ("$inputs.name != 'ann'", false),
        ("'apple' < 'Banana'", true),
        ("'ÄRGER' == 'ärger'", true),
        ("'it''s' == 'IT''S'", true),
        ("'a && b' == 'A && B'", true),
        ("$data.user.premium", true),
        ("!$data.user.premium", false),
        ("!!$data.user.premium", true),
        ("!($data.total > 100)", false),
        ("$response.body#/ok==false", true),
        ("($response.body#/ok)==false", true),
        ("$response.body#/products/0<2&&true", true),
        ("$steps.fraud-check.output.score > 0.8", true),
        ("$steps.fraud-check.status == 'OK'", true),
        ("$data['odd key']['it''s'] == 3", true),
        ("$data.items == $data.items", true),
        ("$data.items == $data.user", false),
        ("true", true),
        ("\n  true\t&&\n  false ", false),
    ];
    for (text, expected) in table {
        assert_eq!(holds(text), Ok(expected), "{text}");
    }
}

#[test]
fn not_binds_stronger_than_order_than_equality_than_and_than_or() {
    let table = [
        ("true || false && false", true),
        ("(true || false) && false", false),
        ("false && true || true", true),
        ("!false && false", false),
        ("!(false && false)", true),
        ("1 < 2 == true", true),
        ("true == 2 > 1", true),
        ("false == 1 > 2 && true", true),
        ("!true == false", true),
        ("!(true == false)", true),
    ];
    for (text, expected) in table {
        assert_eq!(holds(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_absent_is_null_in_a_condition() {
    for text in [
        "$data.nobody == null",
        "$data.user.name.first == null",
        "$data.items[99].k == null",
        "$response.header.X-None == null",
        "$steps.skipped.output.a.b == null",
        "$steps.unknown.output == null",
        "$data.nobody != 0",
        "$data.nobody != false",
        "$data.nobody != ''",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
}

#[test]
fn equality_never_fails_whatever_it_compares() {
    let operands = ["null", "true", "1", "'1'", "$data", "$data.items", "$data.nobody"];
    for left in operands {
        for right in operands {
            let equal = holds(&format!("{left} == {right}")).expect("`==` never fails");
            let unequal = holds(&format!("{left} != {right}")).expect("`!=` never fails");
            assert_ne!(equal, unequal, "{left} {right}");
            let both_null =
                [left, right].iter().all(|text| ["null", "$data.nobody"].contains(text));
            assert_eq!(equal, left == right || both_null, "{left} {right}");
        }
    }
}

#[test]
fn order_needs_two_numbers_or_two_strings() {
    for text in [
        "$data.nobody > 1",
        "1 < '2'",
        "true > false",
        "null <= null",
        "$data.items >= $data.items",
    ] {
        let error = holds(text).expect_err(text);
        assert!(matches!(error, EvalError::NoOrder { .. }), "{text}: {error}");
    }
    let error = holds("!($data.nobody > 1)").unwrap_err().to_string();
    assert_eq!(
        error,
        "`$data.nobody > 1` compares null with a number; \
         only two numbers or two strings have an order"
    );
}

#[test]
fn a_condition_and_each_operand_of_logic_must_be_a_boolean() {
    for (text, part) in [
        ("$data.total", "`$data.total` is a number"),
        ("'true'", "`'true'` is a string"),
        ("null", "`null` is null"),
        ("$data.nobody", "`$data.nobody` is null"),
        ("!$data.user", "`$data.user` is an object"),
        ("true && 1", "`1` is a number"),
        ("false || ($data.items)", "`($data.items)` is an array"),
        ("0 || true", "`0` is a number"),
    ] {
        let error = holds(text).expect_err(text);
        assert!(matches!(error, EvalError::NotBoolean { .. }), "{text}: {error}");
        assert!(error.to_string().starts_with(part), "{text}: {error}");
    }
}

#[test]
fn the_right_side_is_looked_at_only_if_the_left_does_not_decide() {
    assert_eq!(holds("$data.nobody != null && $data.nobody > 1"), Ok(false));
    assert_eq!(holds("$data.nobody == null || $data.nobody > 1"), Ok(true));
    assert!(holds("$data.nobody == null && $data.nobody > 1").is_err());
}

#[test]
fn a_faulty_condition_says_what_is_wrong_where_and_what_to_do() {
    let table = [
        ("", 0, "empty", "for example"),
        ("   ", 0, "empty", "for example"),
        ("$data.a = 1", 8, "`=` is unexpected", "`==`"),
        ("$data.a & true", 8, "unexpected", "`&&`"),
        ("$data.a and true", 8, "`and` is unexpected", "`&&`"),
        ("not true", 0, "unexpected", "`!`"),
        ("$data.a == \"x\"", 11, "unexpected", "single quotes"),
        ("$data.a == x", 11, "`x` is unexpected", "'x'"),
        ("$data.a contains 'x'", 8, "`contains` is unexpected", "operators"),
        ("$data.a + 1 > 2", 8, "unexpected", "no arithmetic"),
        ("1 < 2 < 3", 6, "chained", "`&&`"),
        ("1 == 1 == true", 7, "chained", "`&&`"),
        ("(true", 0, "not closed", ""),
        ("true)", 4, "unexpected", "no `(`"),
        ("(true x)", 6, "`x` is unexpected", ""),
        ("true &&", 7, "ends where a value is due", ""),
        ("'abc", 0, "not closed", "twice"),
        ("$input.id == 1", 0, "unknown root `$input`", "did you mean `$inputs`?"),
        ("true && $inputsx", 8, "unknown root `$inputsx`", "did you mean `$inputs`?"),
        ("true && $steps.a.outputs.x == 1", 16, "no `outputs`", "did you mean `.output`?"),
        ("01 == 1", 0, "`01` is no number", "JSON"),
        ("+1 == 1", 0, "no number", "JSON"),
        (".5 == 1", 0, "no number", "JSON"),
        ("1. == 1", 0, "no number", "JSON"),
        ("0x10 == 1", 0, "no number", "JSON"),
        ("1e999 == 1", 0, "no number", "JSON"),
        ("2-1 == 1", 0, "no number", "no arithmetic"),
        ("$data.a == True", 11, "unexpected", "`true`"),
        ("é == 1", 0, "`é` is unexpected", "'é'"),
    ];
    for (text, at, message, hint) in table {
        let error = Condition::parse(text).expect_err(text);
        assert!(error.message.contains(message), "{text}: {}", error.message);
        assert!(error.hint.as_deref().unwrap_or("").contains(hint), "{text}: {:?}", error.hint);
        assert_eq!(error.span.start, at, "{text}: {error}");
        assert!(text.get(error.span.clone()).is_some(), "{text}: {:?}", error.span);
    }
}

#[test]
fn brackets_nest_64_deep_and_no_deeper() {
    let nested = |depth: usize| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(holds(&nested(MAX_DEPTH)), Ok(true));
    let error = Condition::parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(error.to_string(), "the brackets are nested too deeply (at most 64 levels)");
    assert_eq!(holds(&format!("{}true", "!".repeat(MAX_DEPTH))), Ok(true));
    assert!(Condition::parse(&format!("{}true", "!".repeat(MAX_DEPTH + 1))).is_err());
    assert!(Condition::parse(&nested(100_000)).is_err());
}

#[test]
fn a_condition_is_4_kib_long_and_no_longer() {
    let quoted = |length: usize| format!("'{}' == ''", "a".repeat(length - "'' == ''".len()));
    assert_eq!(holds(&quoted(MAX_LENGTH)), Ok(false));
    assert!(Condition::parse(&quoted(MAX_LENGTH + 1)).unwrap_err().message.contains("too long"));
    let long = vec!["true"; 500].join(" && ");
    assert_eq!(holds(&long), Ok(true), "operators in a row do not nest");
}

#[test]
fn references_come_in_order_with_their_bytes() {
    let text = "!$data.a && ('é' == $steps.x-1.error.kind || $inputs.id > 1)";
    let condition = Condition::parse(text).unwrap();
    let references = condition.references();
    let parts: Vec<&str> = references.iter().map(|one| &text[one.span.clone()]).collect();
    assert_eq!(parts, ["$data.a", "$steps.x-1.error.kind", "$inputs.id"]);
    assert_eq!(references[1].step(), Some("x-1"));
    assert_eq!(references[2].root, Root::Inputs);
    assert_eq!(condition.source(), text);
    assert_eq!(condition.to_string(), text);
}

#[test]
fn a_guard_of_a_machine_looks_at_context_and_event() {
    let guard = Condition::parse_in(Dialect::Machine, "$event.amount <= $context.limit").unwrap();
    let (context, event) = (json!({"limit": 10}), json!({"amount": 10}));
    assert_eq!(guard.eval(&Scope::new().context(&context).event(&event)), Ok(true));
}
