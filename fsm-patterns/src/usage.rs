//! What a run used of a resource.

use fsm_http::caller::Traffic;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// What the calls of one run used of one resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Steps that sent something.
    pub calls: u64,
    /// Requests, all attempts counted.
    pub attempts: u64,
    /// Bytes of the bodies of requests.
    pub bytes_sent: u64,
    /// Bytes of the bodies of answers, decompressed.
    pub bytes_received: u64,
    /// The sums of the numbers that the resource picks from answers.
    #[serde(flatten)]
    pub fields: IndexMap<String, Number>,
}

impl Usage {
    /// The names that no picked number can have.
    pub(crate) const OWN: [&str; 4] = ["calls", "attempts", "bytes_sent", "bytes_received"];

    /// Counts a step that is done.
    pub(crate) fn add(&mut self, receipt: &Receipt) {
        if receipt.requests == 0 {
            return;
        }
        self.calls += 1;
        self.add_more(receipt);
    }

    /// Counts what a step used that was counted before.
    pub(crate) fn add_more(&mut self, receipt: &Receipt) {
        self.attempts += u64::from(receipt.requests);
        self.bytes_sent += receipt.bytes_sent;
        self.bytes_received += receipt.bytes_received;
        for (name, number) in &receipt.picked {
            let sum = self.fields.entry(name.clone()).or_insert_with(|| 0.into());
            *sum = plus(sum, number);
        }
    }
}

/// What one call used, all its attempts together; part of the event that tells of its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Requests that were sent.
    pub requests: u32,
    /// Bytes of their bodies.
    pub bytes_sent: u64,
    /// Bytes of the bodies of the answers, decompressed.
    pub bytes_received: u64,
    /// The numbers that the resource picks from the last answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picked: Vec<(String, Number)>,
}

impl From<Traffic> for Receipt {
    fn from(traffic: Traffic) -> Self {
        let Traffic { requests, bytes_sent, bytes_received } = traffic;
        Self { requests, bytes_sent, bytes_received, picked: Vec::new() }
    }
}

/// The sum, whole where both are.
fn plus(left: &Number, right: &Number) -> Number {
    let whole = left.as_i64().zip(right.as_i64()).and_then(|(left, right)| left.checked_add(right));
    if let Some(sum) = whole {
        return sum.into();
    }
    let sum = left.as_f64().unwrap_or(0.0) + right.as_f64().unwrap_or(0.0);
    Number::from_f64(sum).unwrap_or_else(|| left.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stay_whole_while_they_can() {
        let sum = |left: Number, right: Number| plus(&left, &right).to_string();
        assert_eq!(sum(2.into(), 3.into()), "5");
        assert_eq!(sum(2.into(), Number::from_f64(0.5).unwrap()), "2.5");
        assert!(plus(&i64::MAX.into(), &1.into()).is_f64());
    }

    #[test]
    fn what_sent_nothing_is_no_call() {
        let mut usage = Usage::default();
        usage.add(&Receipt::default());
        assert_eq!(usage, Usage::default());
        let picked = vec![("tokens".to_owned(), 7.into())];
        usage.add(&Receipt { requests: 2, bytes_sent: 3, bytes_received: 4, picked });
        let shown = serde_json::to_string(&usage).unwrap();
        assert_eq!(
            shown,
            r#"{"calls":1,"attempts":2,"bytes_sent":3,"bytes_received":4,"tokens":7}"#
        );
    }
}
