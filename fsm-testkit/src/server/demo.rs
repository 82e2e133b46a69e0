//! Three flows that run against the mock API, as texts of flow files.
//!
//! They call [`BASE_URL`]; [`Demo::text_for`] is the text for an API that is served elsewhere.
//!
//! ```
//! use fsm_testkit::server::demo;
//!
//! assert!(demo::PAYMENT.text.contains("http://127.0.0.1:8790/charge"));
//! assert!(demo::PAYMENT.text_for("http://127.0.0.1:4000").contains("http://127.0.0.1:4000/charge"));
//! ```

/// The port that the flows call.
pub const PORT: u16 = 8790;

/// The url that the flows call: [`PORT`] on loopback.
pub const BASE_URL: &str = "http://127.0.0.1:8790";

/// A flow file with an input to try it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Demo {
    /// What it is asked for by, as in `payment`.
    pub name: &'static str,
    /// The name of its file.
    pub file: &'static str,
    /// One line on what it shows.
    pub title: &'static str,
    /// The flow file, in YAML.
    pub text: &'static str,
    /// An input, in JSON.
    pub input: &'static str,
}

impl Demo {
    /// The flow file for an API at `url`, without a slash at the end.
    pub fn text_for(&self, url: &str) -> String {
        self.text.replace(BASE_URL, url)
    }
}

/// A user, the user's posts, and analytics, side by side.
pub const USER_ENRICHMENT: Demo = Demo {
    name: "user-enrichment",
    file: "user-enrichment.yaml",
    title: "three calls side by side, merged into one answer",
    text: include_str!("../../flows/user-enrichment.yaml"),
    input: r#"{"user_id": 123}"#,
};

/// A payment, step by step.
pub const PAYMENT: Demo = Demo {
    name: "payment",
    file: "payment.yaml",
    title: "a pipeline that stops at the first failure and never charges twice",
    text: include_str!("../../flows/payment.yaml"),
    input: r#"{"amount": 250, "currency": "EUR", "card_token": "tok_visa_4242"}"#,
};

/// The health of seven services, of which one is down and one does not answer.
pub const HEALTH_CHECK: Demo = Demo {
    name: "health-check",
    file: "health-check.yaml",
    title: "seven services at once; what is down is an answer, too",
    text: include_str!("../../flows/health-check.yaml"),
    input: "{}",
};

/// All of them.
pub const ALL: [Demo; 3] = [USER_ENRICHMENT, PAYMENT, HEALTH_CHECK];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demo_calls_the_fixed_port_and_nothing_else() {
        assert_eq!(BASE_URL, format!("http://127.0.0.1:{PORT}"));
        for demo in ALL {
            let urls = demo.text.matches("url: ").count();
            assert!(urls > 0, "{}", demo.name);
            assert_eq!(demo.text.matches(&format!("url: {BASE_URL}/")).count(), urls);
            assert!(!demo.text_for("http://127.0.0.1:1").contains(BASE_URL), "{}", demo.name);
        }
    }

    #[test]
    fn every_input_is_a_json_object() {
        for demo in ALL {
            let input: serde_json::Value = serde_json::from_str(demo.input).expect(demo.name);
            assert!(input.is_object(), "{}", demo.name);
        }
    }
}
