//! The figures as text for Prometheus, in the format of OpenMetrics 1.0.
//!
//! Nothing is counted twice for it: the text is made from the same counters as a snapshot, at the
//! moment it is asked for. Labels are the endpoint's name, the outcome, and the kind of an error;
//! no url and nothing of a request or an answer gets there.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;
use super::histogram::Counts;
use super::snapshot::Sums;

/// The value of `Content-Type` for [`Metrics::to_prometheus`].
pub const OPENMETRICS_CONTENT_TYPE: &str =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper bounds of the classic buckets in seconds: those of OpenTelemetry's
/// `http.client.request.duration`, and 30 s and 60 s for slow APIs. The last holds all others.
const BOUNDS: [f64; 17] = [
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
    30.0,
    60.0,
    f64::INFINITY,
];

const NANOS_PER_SECOND: f64 = 1e9;

impl Metrics {
    /// The figures of every endpoint as text for Prometheus, in the format of OpenMetrics 1.0; see
    /// [`OPENMETRICS_CONTENT_TYPE`].
    ///
    /// | metric | labels |
    /// |---|---|
    /// | `fsm_http_requests_total` | `endpoint`, `outcome` (`success`, `failure`) |
    /// | `fsm_http_errors_total` | `endpoint`, `kind` |
    /// | `fsm_http_retries_total` | `endpoint` |
    /// | `fsm_http_cache_hits_total`, `fsm_http_cache_misses_total` | `endpoint` |
    /// | `fsm_http_breaker_openings_total` | `endpoint` |
    /// | `fsm_http_limiter_waits_total` | `endpoint` |
    /// | `fsm_http_limiter_wait_seconds_total` | `endpoint` |
    /// | `fsm_http_request_duration_seconds` (histogram) | `endpoint` |
    ///
    /// A latency within 0.8 % of a bound may be counted on its other side.
    ///
    /// ```
    /// use std::time::Duration;
    /// use fsm_http::metrics::Metrics;
    ///
    /// let metrics = Metrics::new();
    /// metrics.endpoint("users").answered(Duration::from_millis(20));
    /// let text = metrics.to_prometheus();
    /// assert!(text.contains(r#"fsm_http_requests_total{endpoint="users",outcome="success"} 1"#));
    /// ```
    pub fn to_prometheus(&self) -> String {
        let mut registry = Registry::with_prefix("fsm_http");
        registry.register_collector(Box::new(Exposition(self.sums())));
        let mut out = String::new();
        text::encode(&mut out, &registry).expect("writing to a String succeeds");
        out
    }
}

/// The figures of all endpoints, about to be written.
#[derive(Debug)]
struct Exposition(Vec<(String, Sums)>);

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.requests(&mut encoder)?;
        self.errors(&mut encoder)?;
        self.counter(&mut encoder, "retries", "Requests that were sent again.", |sums| {
            sums.retries
        })?;
        self.counter(&mut encoder, "cache_hits", "Calls answered by the cache.", |sums| {
            sums.cache_hits
        })?;
        self.counter(&mut encoder, "cache_misses", "Calls the cache had no answer to.", |sums| {
            sums.cache_misses
        })?;
        let help = "How often the circuit breaker opened.";
        self.counter(&mut encoder, "breaker_openings", help, |sums| sums.breaker_openings)?;
        let help = "How often a call waited for the rate limit.";
        self.counter(&mut encoder, "limiter_waits", help, |sums| sums.limiter_waits)?;
        self.limiter_wait(&mut encoder)?;
        self.durations(&mut encoder)
    }
}

impl Exposition {
    fn requests(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests that were sent, retries included.";
        let mut family = encoder.encode_descriptor("requests", help, None, MetricType::Counter)?;
        for (endpoint, sums) in &self.0 {
            for (outcome, count) in [("success", sums.succeeded), ("failure", sums.failed)] {
                let labels = [("endpoint", endpoint.as_str()), ("outcome", outcome)];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn errors(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Errors by kind, those of calls that were never sent included.";
        let mut family = encoder.encode_descriptor("errors", help, None, MetricType::Counter)?;
        for (endpoint, sums) in &self.0 {
            for (kind, count) in &sums.errors {
                let labels = [("endpoint", endpoint.as_str()), ("kind", kind.as_str())];
                ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn counter(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        count: impl Fn(&Sums) -> u64,
    ) -> fmt::Result {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (endpoint, sums) in &self.0 {
            let labels = [("endpoint", endpoint.as_str())];
            ConstCounter::new(count(sums)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn limiter_wait(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "How long calls waited for the rate limit.";
        let unit = Some(&Unit::Seconds);
        let mut family =
            encoder.encode_descriptor("limiter_wait", help, unit, MetricType::Counter)?;
        for (endpoint, sums) in &self.0 {
            let labels = [("endpoint", endpoint.as_str())];
            let seconds = sums.limiter_wait_nanos as f64 / NANOS_PER_SECOND;
            ConstCounter::new(seconds).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn durations(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "The time from sending a request to its decoded answer or its failure.";
        let unit = Some(&Unit::Seconds);
        let mut family =
            encoder.encode_descriptor("request_duration", help, unit, MetricType::Histogram)?;
        for (endpoint, sums) in &self.0 {
            let labels = [("endpoint", endpoint.as_str())];
            durations(family.encode_family(&labels)?, &sums.latencies)?;
        }
        Ok(())
    }
}

fn durations(mut encoder: MetricEncoder<'_>, latencies: &Counts) -> fmt::Result {
    let sum = latencies.sum() as f64 / NANOS_PER_SECOND;
    let buckets = classic(latencies);
    encoder.encode_histogram::<NoLabelSet>(sum, latencies.count(), &buckets, None)
}

/// The latencies sorted into the classic buckets, each with the number of those in it alone.
fn classic(latencies: &Counts) -> [(f64, u64); BOUNDS.len()] {
    let mut classic = BOUNDS.map(|bound| (bound, 0));
    for (nanos, count) in latencies.buckets() {
        let at = BOUNDS.partition_point(|bound| *bound < nanos / NANOS_PER_SECOND);
        if let Some((_, sum)) = classic.get_mut(at) {
            *sum += count;
        }
    }
    classic
}
