//! Which value a plain scalar is: the core schema of YAML 1.2 (chapter 10.3), and nothing of 1.1.
//!
//! So `no`, `off`, and `1_000` are text, `012` is twelve, and `0o17` is fifteen.

use serde_json::Number;

use super::tree::Kind;

/// The value of a plain (unquoted) scalar.
///
/// # Errors
/// If it is a number that JSON cannot carry: not finite.
pub(super) fn resolve(text: &str) -> Result<Kind, NotFinite> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Kind::Null),
        "true" | "True" | "TRUE" => return Ok(Kind::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Kind::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Err(NotFinite),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Err(NotFinite);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return Ok(in_base(text, digits, 8));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return Ok(in_base(text, digits, 16));
    }
    if !is_number(unsigned) {
        return Ok(Kind::Text(text.to_owned()));
    }
    number(text)
}

/// A number that JSON has no way to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotFinite;

fn in_base(text: &str, digits: &str, base: u32) -> Kind {
    // The parser of the standard library takes a sign, the core schema has none here.
    if digits.starts_with(['+', '-']) {
        return Kind::Text(text.to_owned());
    }
    match u64::from_str_radix(digits, base) {
        Ok(value) => Kind::Number(value.into()),
        Err(_) => Kind::Text(text.to_owned()),
    }
}

fn number(text: &str) -> Result<Kind, NotFinite> {
    if let Ok(value) = text.parse::<i64>() {
        return Ok(Kind::Number(value.into()));
    }
    if let Ok(value) = text.parse::<u64>() {
        return Ok(Kind::Number(value.into()));
    }
    let value = text.parse::<f64>().ok().and_then(Number::from_f64);
    value.map(Kind::Number).ok_or(NotFinite)
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_number(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
        }
        None => (text, None),
    };
    if exponent.is_some_and(|exponent| exponent.is_empty() || !digits(exponent)) {
        return false;
    }
    match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_core_schema_of_yaml_1_2_is_kept() {
        let table = [
            ("null", json!(null)),
            ("~", json!(null)),
            ("true", json!(true)),
            ("FALSE", json!(false)),
            ("012", json!(12)),
            ("0o17", json!(15)),
            ("0xFF", json!(255)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("1e3", json!(1000.0)),
            ("-1.5E-1", json!(-0.15)),
        ];
        for (text, expected) in table {
            let node = super::super::tree::Node { span: 0..0, kind: resolve(text).unwrap() };
            assert_eq!(node.to_value(), expected, "{text}");
        }
    }

    #[test]
    fn what_only_yaml_1_1_takes_for_something_else_is_text() {
        let texts = [
            "no",
            "yes",
            "on",
            "off",
            "y",
            "n",
            "1_000",
            "0b11",
            "0o8",
            "0x",
            "0x-1",
            "1:30",
            ".",
            "-",
            "+",
            "e5",
            "1e",
            "1e+",
            "nULL",
            "tRUE",
            "2026-11-21",
            "--1",
            "1.2.3",
            "infinity",
            "nan",
            "-.nan",
        ];
        for text in texts {
            assert_eq!(resolve(text), Ok(Kind::Text(text.to_owned())));
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        for text in [".nan", ".inf", "-.Inf", "1e999"] {
            assert_eq!(resolve(text), Err(NotFinite), "{text}");
        }
    }
}
