//! How much memory an answer takes, near enough to keep a cache within its bounds.
//!
//! Bodies, headers, and urls are counted to the byte. A value is estimated from its shape: a fixed
//! price for each member and item, and its texts. Allocators round up, so what the system sees may
//! be larger by a quarter or so.

use serde_json::Value;

use crate::call::Answer;

/// What an entry takes besides its answer's content: keys, places in maps, fixed parts.
const ENTRY: usize = 512;

/// What a member of an object takes besides its texts: its place in the map and the map's index.
const MEMBER: usize = 48;

/// What a header takes besides its texts.
const HEADER: usize = 64;

/// The weight of an answer, in bytes.
pub(super) fn weight(answer: &Answer) -> u64 {
    let headers: usize =
        answer.headers.iter().map(|(name, value)| HEADER + name.as_str().len() + value.len()).sum();
    let url = answer.url.as_str().len();
    (ENTRY + answer.body.len() + headers + url + weight_of_value(&answer.value)) as u64
}

/// Walks the value with a list of what is still to do: its depth is the server's choice.
fn weight_of_value(value: &Value) -> usize {
    let mut weight = 0;
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        weight += size_of::<Value>();
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => weight += text.len(),
            Value::Array(items) => rest.extend(items),
            Value::Object(members) => {
                weight += members.keys().map(|key| MEMBER + key.len()).sum::<usize>();
                rest.extend(members.values());
            }
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_weighs_its_texts_and_a_fixed_price_for_each_part() {
        let value = size_of::<Value>();
        let table = [
            (json!(null), value),
            (json!("abc"), value + 3),
            (json!([1, true, "ab"]), 4 * value + 2),
            (json!({"key": {"a": 1}}), 3 * value + 2 * MEMBER + 4),
        ];
        for (document, weight) in table {
            assert_eq!(weight_of_value(&document), weight, "{document}");
        }
    }
}
