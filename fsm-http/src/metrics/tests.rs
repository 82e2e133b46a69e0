//! The figures held against a naive computation, and the text for Prometheus read back.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::{Figures, Metrics};
use crate::error::ErrorKind;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Something of everything, at two endpoints.
fn busy() -> Metrics {
    let metrics = Metrics::new();
    let users = metrics.endpoint("users");
    users.answered(ms(20));
    users.answered(ms(40));
    users.failed(ErrorKind::Timeout, Some(ms(900)));
    users.retried();
    users.failed(ErrorKind::CircuitOpen, None);
    users.breaker_opened();
    users.limiter_waited(ms(1500));
    let posts = metrics.endpoint("posts");
    posts.cache_miss();
    posts.answered(ms(10));
    posts.cache_hit();
    metrics
}

#[test]
fn a_snapshot_has_all_figures_by_endpoint_and_overall() {
    insta::assert_json_snapshot!(busy().snapshot());
}

#[test]
fn without_requests_there_are_no_rates() {
    let metrics = Metrics::new();
    metrics.endpoint("users").failed(ErrorKind::CircuitOpen, None);
    let figures = metrics.snapshot().overall;
    assert_eq!((figures.total_requests, figures.success_rate, figures.error_rate), (0, None, None));
    assert_eq!((figures.avg_latency_ms, figures.p99_latency_ms), (None, None));
    assert_eq!(figures.errors["circuit_open"], 1, "but what happened is told");
}

#[test]
fn metrics_of_the_users_own_stand_beside_the_others() {
    let metrics = Metrics::new();
    metrics.record_request("custom_api", ms(150));
    metrics.record_error("custom_api", "timeout");
    metrics.record_error("custom_api", "out of paper");
    metrics.endpoint("custom_api").failed(ErrorKind::Timeout, Some(ms(50)));
    let figures = &metrics.snapshot().endpoints["custom_api"];
    assert_eq!(figures.total_requests, 4);
    assert_eq!(figures.success_rate, Some(25.0));
    assert_eq!(figures.avg_latency_ms, Some(100.0));
    let errors = [("out of paper", 1), ("timeout", 2)];
    assert_eq!(figures.errors, errors.map(|(name, count)| (name.to_owned(), count)).into());
}

#[test]
fn a_reset_sets_all_to_zero_and_recorders_count_on() {
    let metrics = busy();
    let users = metrics.endpoint("users");
    metrics.record_error("users", "out of paper");
    metrics.reset();
    let fresh = Metrics::new();
    fresh.endpoint("users");
    fresh.endpoint("posts");
    assert_eq!(metrics.snapshot(), fresh.snapshot());
    users.answered(ms(5));
    assert_eq!(metrics.clone().snapshot().overall.total_requests, 1);
}

#[test]
fn threads_lose_no_count() {
    let metrics = Metrics::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let metrics = &metrics;
            scope.spawn(move || {
                let recorder = metrics.endpoint("users");
                for turn in 0..5_000_u64 {
                    recorder.answered(Duration::from_micros(turn << thread));
                    metrics.record_error("users", "mishap");
                }
            });
        }
    });
    let figures = metrics.snapshot().overall;
    assert_eq!((figures.total_requests, figures.error_rate), (40_000, Some(0.5)));
    let mean = (0..4).map(|thread| 2499.5 * f64::from(1 << thread)).sum::<f64>() / 4.0 / 1000.0;
    assert_eq!(figures.avg_latency_ms, Some(mean));
}

/// What happened to a call, as a test makes it up.
#[derive(Debug, Clone)]
enum Happening {
    Answered(u64),
    Failed(usize, Option<u64>),
    Error(&'static str),
    Waited(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let micros = || 0..100_000_000_u64;
    prop_oneof![
        4 => micros().prop_map(Happening::Answered),
        2 => (0..ErrorKind::ALL.len(), prop::option::of(micros()))
            .prop_map(|(kind, latency)| Happening::Failed(kind, latency)),
        1 => prop::sample::select(vec!["timeout", "mishap"]).prop_map(Happening::Error),
        1 => micros().prop_map(Happening::Waited),
    ]
}

/// The figures computed the long way, from the list of all that happened.
fn naive(happenings: &[&Happening]) -> Figures {
    let mut latencies = Vec::new();
    let (mut good, mut bad, mut waits) = (0_u64, 0_u64, Vec::new());
    let mut errors = BTreeMap::<String, u64>::new();
    for happening in happenings {
        match happening {
            Happening::Answered(latency) => {
                good += 1;
                latencies.push(*latency);
            }
            Happening::Failed(kind, latency) => {
                *errors.entry(ErrorKind::ALL[*kind].to_string()).or_default() += 1;
                bad += u64::from(latency.is_some());
                latencies.extend(latency);
            }
            Happening::Error(name) => {
                *errors.entry((*name).to_owned()).or_default() += 1;
                bad += 1;
            }
            Happening::Waited(wait) => waits.push(*wait),
        }
    }
    latencies.sort_unstable();
    let rank = |share: f64| {
        let rank = (share * latencies.len() as f64).ceil() as usize;
        latencies.get(rank.max(1) - 1).map(|micros| *micros as f64 / 1000.0)
    };
    let total = good + bad;
    let some = |figure: f64| (total > 0).then_some(figure);
    let mean = latencies.iter().sum::<u64>() as f64 / latencies.len() as f64 / 1000.0;
    Figures {
        total_requests: total,
        success_rate: some(good as f64 * 100.0 / total as f64),
        error_rate: some(bad as f64 / total as f64),
        avg_latency_ms: (!latencies.is_empty()).then_some(mean),
        p50_latency_ms: rank(0.5),
        p95_latency_ms: rank(0.95),
        p99_latency_ms: rank(0.99),
        retries: 0,
        cache_hits: 0,
        cache_misses: 0,
        breaker_openings: 0,
        limiter_waits: waits.len() as u64,
        limiter_wait_ms: waits.iter().sum::<u64>() as f64 / 1000.0,
        errors,
    }
}

fn assert_near(figures: &Figures, naive: &Figures) {
    let near = |figure: Option<f64>, exact: Option<f64>, part: f64| match (figure, exact) {
        (None, None) => {}
        (Some(figure), Some(exact)) if (figure - exact).abs() <= exact * part + 1e-9 => {}
        (figure, exact) => panic!("{figure:?} for {exact:?}"),
    };
    near(figures.avg_latency_ms, naive.avg_latency_ms, 1e-9);
    near(figures.p50_latency_ms, naive.p50_latency_ms, 0.01);
    near(figures.p95_latency_ms, naive.p95_latency_ms, 0.01);
    near(figures.p99_latency_ms, naive.p99_latency_ms, 0.01);
    near(Some(figures.limiter_wait_ms), Some(naive.limiter_wait_ms), 1e-9);
    let exact = |figures: &Figures| Figures {
        avg_latency_ms: None,
        p50_latency_ms: None,
        p95_latency_ms: None,
        p99_latency_ms: None,
        limiter_wait_ms: 0.0,
        ..figures.clone()
    };
    assert_eq!(exact(figures), exact(naive));
}

proptest! {
    #[test]
    fn the_figures_are_those_of_the_list_of_all_that_happened(
        happenings in prop::collection::vec((0..3_usize, happening()), 0..100),
    ) {
        const NAMES: [&str; 3] = ["a", "b", "c"];
        let metrics = Metrics::new();
        let recorders = NAMES.map(|name| metrics.endpoint(name));
        for (endpoint, happening) in &happenings {
            let recorder = &recorders[*endpoint];
            match happening {
                Happening::Answered(micros) => recorder.answered(Duration::from_micros(*micros)),
                Happening::Failed(kind, micros) => {
                    recorder.failed(ErrorKind::ALL[*kind], micros.map(Duration::from_micros));
                }
                Happening::Error(name) => metrics.record_error(NAMES[*endpoint], name),
                Happening::Waited(micros) => {
                    recorder.limiter_waited(Duration::from_micros(*micros));
                }
            }
        }
        let snapshot = metrics.snapshot();
        let all: Vec<_> = happenings.iter().map(|(_, happening)| happening).collect();
        assert_near(&snapshot.overall, &naive(&all));
        for (index, name) in NAMES.into_iter().enumerate() {
            let own = happenings.iter().filter(|(endpoint, _)| *endpoint == index);
            let own: Vec<_> = own.map(|(_, happening)| happening).collect();
            assert_near(&snapshot.endpoints[name], &naive(&own));
        }
    }
}

#[cfg(feature = "prometheus")]
mod prometheus {
    use super::*;

    /// The samples of a text in the format of OpenMetrics: names with labels, and values.
    fn read(text: &str) -> BTreeMap<(String, BTreeMap<String, String>), f64> {
        let body = text.strip_suffix("# EOF\n").expect("the text says that it is whole");
        let mut samples = BTreeMap::new();
        for line in body.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let keyword = comment.split(' ').next().expect("split gives one at least");
                assert!(matches!(keyword, "HELP" | "TYPE" | "UNIT"), "{line}");
                continue;
            }
            let (sample, value) = line.rsplit_once(' ').expect("a value ends the line");
            let (name, labels) = sample.split_once('{').expect("every sample here has labels");
            let labels = labels.strip_suffix('}').expect("labels are closed");
            let key = (name.to_owned(), read_labels(labels));
            let value = value.parse().expect("a number");
            assert!(samples.insert(key, value).is_none(), "twice: {line}");
        }
        samples
    }

    fn read_labels(mut text: &str) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        while !text.is_empty() {
            let (name, rest) = text.split_once("=\"").expect("a name and a quote");
            let mut value = String::new();
            let mut chars = rest.chars();
            loop {
                match chars.next().expect("a value ends with a quote") {
                    '"' => break,
                    '\\' => value.push(match chars.next() {
                        Some('n') => '\n',
                        Some(escaped @ ('\\' | '"')) => escaped,
                        other => panic!("no escape: {other:?}"),
                    }),
                    '\n' => panic!("a bare line break in a value"),
                    plain => value.push(plain),
                }
            }
            assert!(labels.insert(name.to_owned(), value).is_none(), "{name} twice");
            text = chars.as_str();
            text = text.strip_prefix(',').unwrap_or(text);
        }
        labels
    }

    fn labels<const N: usize>(labels: [(&str, &str); N]) -> BTreeMap<String, String> {
        labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn the_text_has_all_figures_of_all_endpoints() {
        insta::assert_snapshot!(busy().to_prometheus());
    }

    #[test]
    fn names_are_escaped_whatever_they_hold() {
        let nasty = "a\"b\\c\nd{e=\"f\"} 1 # EOF";
        let metrics = Metrics::new();
        metrics.record_error(nasty, nasty);
        let samples = read(&metrics.to_prometheus());
        let key = |labels| (String::from("fsm_http_errors_total"), labels);
        assert_eq!(samples[&key(labels([("endpoint", nasty), ("kind", nasty)]))], 1.0);
    }

    #[test]
    fn without_endpoints_the_text_is_whole_and_empty() {
        assert!(read(&Metrics::new().to_prometheus()).is_empty());
    }

    proptest! {
        #[test]
        fn a_histogram_is_cumulative_and_its_counts_are_right_but_at_the_bounds(
            micros in prop::collection::vec(0..100_000_000_u64, 0..100),
        ) {
            let metrics = Metrics::new();
            let recorder = metrics.endpoint("users");
            micros.iter().for_each(|micros| recorder.answered(Duration::from_micros(*micros)));
            let samples = read(&metrics.to_prometheus());
            let name = |suffix| format!("fsm_http_request_duration_seconds_{suffix}");
            let own = labels([("endpoint", "users")]);
            let sum = samples[&(name("sum"), own.clone())];
            let exact = micros.iter().sum::<u64>() as f64 / 1e6;
            prop_assert!((sum - exact).abs() < 1e-6, "{sum} for {exact}");
            prop_assert_eq!(samples[&(name("count"), own)], micros.len() as f64);

            let mut buckets: Vec<_> = samples
                .iter()
                .filter(|((sample, _), _)| *sample == name("bucket"))
                .map(|((_, labels), count)| (labels["le"].parse::<f64>().expect("a bound"), *count))
                .collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            prop_assert_eq!(buckets.last(), Some(&(f64::INFINITY, micros.len() as f64)));
            prop_assert!(buckets.is_sorted_by_key(|(_, count)| *count));
            for (bound, count) in buckets {
                let up_to = |bound: f64| {
                    micros.iter().filter(|micros| **micros as f64 / 1e6 <= bound).count() as f64
                };
                prop_assert!(up_to(bound * 0.99) <= count && count <= up_to(bound * 1.01));
            }
        }
    }
}
