//! Conditions, each said to hold or not, and what comes of them.

use fsm_patterns::analysis::{Answer, can_be};
use fsm_patterns::expr::{Condition, Dialect};

/// Conditions with ` & ` between them; one that begins with `not ` is not to hold.
fn ask(claims: &str) -> Answer {
    let claims: Vec<(Condition, bool)> = claims
        .split(" & ")
        .map(|claim| {
            let (text, holds) = match claim.strip_prefix("not ") {
                Some(text) => (text, false),
                None => (claim, true),
            };
            let flow = Condition::parse(text);
            let read = flow.or_else(|_| Condition::parse_in(Dialect::Machine, text));
            (read.unwrap_or_else(|error| panic!("{text}: {error}")), holds)
        })
        .collect();
    let claims: Vec<(&Condition, bool)> = claims.iter().map(|(it, holds)| (it, *holds)).collect();
    let answer = can_be(&claims);
    if let Answer::Possible(witness) = &answer {
        for (condition, holds) in claims {
            let evaluated = witness.eval(condition);
            assert_eq!(evaluated == Ok(true), holds, "{condition} with {witness}: {evaluated:?}");
        }
    }
    answer
}

fn said(claims: &str) -> String {
    match ask(claims) {
        Answer::Possible(witness) => witness.to_string(),
        Answer::Impossible => "impossible".to_owned(),
        Answer::Unknown => "unknown".to_owned(),
    }
}

#[track_caller]
fn table(rows: &[(&str, &str)]) {
    let answers: Vec<(&str, String)> = rows.iter().map(|(it, _)| (*it, said(it))).collect();
    let expected: Vec<(&str, String)> =
        rows.iter().map(|(it, expected)| (*it, (*expected).to_owned())).collect();
    let wrong: Vec<_> = answers.iter().zip(&expected).filter(|(is, due)| is != due).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn numbers_lie_below_between_and_above_the_literals() {
    table(&[
        ("$data.n < 3 & $data.n >= 3", "impossible"),
        ("not $data.n < 3 & not $data.n >= 3", "$data.n = null"),
        ("$data.n > 5 && $data.n < 3", "impossible"),
        ("$data.n >= 5 & $data.n <= 5", "$data.n = 5"),
        ("$data.n > 5 & $data.n < 7", "$data.n = 6"),
        ("$data.n > 2 & $data.n < 3", "$data.n = 2.5"),
        ("$data.n > 2.5", "$data.n = 3"),
        ("$data.n < 0", "$data.n = -1"),
        ("$data.n == 500 & $data.n == 500.0", "$data.n = 500"),
        ("$data.n > 9007199254740992 & $data.n < 9007199254740993", "impossible"),
        ("$data.n > 9007199254740992 & $data.n < 9007199254740994", "$data.n = 9007199254740993"),
        ("$data.n > 18446744073709551615 & $data.n < 18446744073709551616.0", "impossible"),
        ("$data.n > 1e308 & $data.n != 1.7e308", "$data.n = 1.7000000000000001e+308"),
        ("$data.n > 1.7976931348623157e308", "impossible"),
        ("$data.n != 200 & $data.n != 404 & $data.n > 0", "$data.n = 405"),
    ]);
}

#[test]
fn strings_are_told_apart_without_case() {
    table(&[
        ("$data.kind == 'card' & $data.kind == 'CARD'", "$data.kind = 'card'"),
        ("$data.kind == 'card' & $data.kind != 'Card'", "impossible"),
        ("$data.kind != 'card' & $data.kind != null", "$data.kind = 'other'"),
        ("$data.kind == 'card' & $data.kind == 'bank'", "impossible"),
        ("$data.kind > 'a' & $data.kind < 'c'", "$data.kind = 'a '"),
        ("$data.kind < ''", "impossible"),
        ("$data.kind >= 'x' & $data.kind <= 'X'", "$data.kind = 'x'"),
        ("$data.kind < 'b' & $data.kind > 5", "impossible"),
    ]);
}

#[test]
fn what_is_absent_or_of_another_kind_lets_no_order_hold() {
    table(&[
        ("$data.ready & !$data.ready", "impossible"),
        ("not $data.ready & not !$data.ready", "$data.ready = null"),
        ("$data.ready == true & $data.ready", "$data.ready = true"),
        ("$data.n == null & $data.n < 5", "impossible"),
        ("not $data.n == null & not $data.n < 5", "$data.n = 5"),
        ("$data.n == null || $data.n < 5", "$data.n = 4"),
        ("not $data.x == 1 || $data.x != 1", "impossible"),
        ("true & false", "impossible"),
        ("1 < 2", "whatever the values are"),
        ("not null", "whatever the values are"),
    ]);
}

#[test]
fn paths_are_compared_with_one_another() {
    table(&[
        ("$data.paid < $data.price & $data.paid >= $data.price", "impossible"),
        ("$data.paid < $data.price", "$data.paid = 1, $data.price = 2"),
        ("$data.a < $data.b & $data.b < $data.c & $data.c < $data.a", "impossible"),
        (
            "$data.a < $data.b & $data.b < $data.c & $data.a > 5 & $data.c < 6 & $data.b != 5.5",
            "$data.a = 5.5, $data.b = 5.625, $data.c = 5.75",
        ),
        ("$data.a == $data.b & $data.b == $data.c & $data.a != $data.c", "impossible"),
        ("$data.a == $data.b & $data.a == 3 & $data.b == 4", "impossible"),
        (
            "$data.a != $data.b & $data.b != $data.c & $data.a != $data.c & $data.a == null",
            "$data.a = null, $data.b = 1, $data.c = 2",
        ),
        ("($data.a > 1) == $data.b & $data.b", "$data.a = 2, $data.b = true"),
        ("($data.a > 1) == $data.b & $data.b & $data.a < 0", "impossible"),
    ]);
}

#[test]
fn what_lies_inside_agrees_with_what_is_around_it() {
    table(&[
        ("$data.order == null & $data.order.total > 5", "impossible"),
        ("$data.order != null & $data.order.total > 5", "$data.order.total = 6"),
        ("$data.order != null & not $data.order.total > 5 & $data.order == 7", "$data.order = 7"),
        (
            "$data.order != null & $data.order.total == null",
            "$data.order = {}, $data.order.total = null",
        ),
        ("$data.order == 'x' & $data.order.total == 1", "impossible"),
        (
            "$data.items[1] == 3 & $data.items[0] == null",
            "$data.items[1] = 3, $data.items[0] = null",
        ),
        ("$data == 5 & $data.x == 1", "impossible"),
        (
            "$context.a.b == 1 & $context.a.c == 2 & $event == null",
            "$context.a.b = 1, $context.a.c = 2, $event = null",
        ),
        // Whether `a[0]` and `a.0` are one is not looked into, nor are objects as a whole.
        ("$data.a[0] == 1 & $data.a.0 == 2", "unknown"),
        ("$data.a == $data.b & $data.a.x == 1 & $data.b.x == 2", "unknown"),
        ("$data.a[100] == 1", "unknown"),
    ]);
}

#[test]
fn roots_that_are_of_one_kind_have_no_other() {
    table(&[
        ("$statusCode < 100", "impossible"),
        ("$statusCode > 999", "impossible"),
        ("$statusCode > 404 & $statusCode < 405", "impossible"),
        ("$statusCode == null", "impossible"),
        ("not $statusCode >= 500 & not $statusCode < 500", "impossible"),
        ("$statusCode != 200 & $statusCode != 404", "$statusCode = 100"),
        ("$steps.a.status == 'okay'", "impossible"),
        ("$steps.a.status != 'ok' & $steps.a.status != null", "$steps.a.status = 'cached'"),
        ("$steps.a.status == 'OK'", "$steps.a.status = 'ok'"),
        ("$method == null", "impossible"),
        ("$response.header.retry-after == '5'", "$response.header.retry-after = '5'"),
        (
            "$steps.a.output.n > 5 & $steps.b.output.n < 5",
            "$steps.a.output.n = 6, $steps.b.output.n = 4",
        ),
        (
            "$response.body.n > 5 & $inputs.n < 5 & $error.http_status == 503",
            "$response.body.n = 6, $inputs.n = 4, $error.http_status = 503",
        ),
    ]);
}

#[test]
fn what_would_take_too_long_is_not_told() {
    // Fourteen numbers between 0 and 13 that all differ, of which one is 100.
    let mut claims: Vec<String> =
        (0..14).flat_map(|a| (0..a).map(move |b| format!("$data.x{a} != $data.x{b}"))).collect();
    claims.extend((0..14).map(|a| format!("$data.x{a} < 13 && $data.x{a} > 0")));
    claims.push("$data.z == 1 && $data.z == 2 || $data.x0 == 100".to_owned());
    assert_eq!(ask(&claims.join(" & ")), Answer::Unknown);
}

#[test]
fn what_is_asked_of_one_path_costs_nothing_for_the_others() {
    let mut claims: Vec<String> = (0..40).map(|a| format!("$data.x{a} != {a}")).collect();
    claims.push("$data.z == 1 & $data.z == 2".to_owned());
    assert_eq!(ask(&claims.join(" & ")), Answer::Impossible);
}
