//! The API that a simulated flow calls: what becomes of each request, and how long that takes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fsm_http::Reply;
use serde_json::{Value, json};

use crate::simulator::chance::Chance;
use crate::simulator::latency::Latency;

/// The API of a simulated flow, route by route. As it is made, it is a calm one: every request gets
/// 200 and `{}`, at once.
#[derive(Clone, Debug)]
pub struct Api {
    routes: Vec<(Pattern, Route)>,
    others: Route,
}

#[derive(Clone, Debug)]
struct Pattern {
    method: Option<String>,
    path: String,
}

impl Api {
    /// A calm one.
    pub fn new() -> Self {
        Self { routes: Vec::new(), others: Route::new() }
    }

    /// What becomes of requests that no route is for.
    #[must_use]
    pub fn others(mut self, route: Route) -> Self {
        self.others = route;
        self
    }

    /// What becomes of requests whose path begins with `path`, at any host: `/orders`, or with a
    /// method `POST /orders`. Of several routes the one with the longest path is taken, and of those
    /// one with a method before one without.
    #[must_use]
    pub fn route(mut self, path: impl Into<String>, route: Route) -> Self {
        let path = path.into();
        let pattern = match path.split_once(' ') {
            Some((method, path)) => {
                Pattern { method: Some(method.to_ascii_uppercase()), path: path.trim().to_owned() }
            }
            None => Pattern { method: None, path },
        };
        self.routes.push((pattern, route));
        self
    }

    /// The number of the route for a request; 0 is that of all others.
    pub(super) fn find(&self, method: &str, path: &str) -> usize {
        let routes = self.routes.iter().enumerate();
        let fits = routes.filter(|(_, (pattern, _))| {
            pattern.method.as_deref().is_none_or(|it| it == method)
                && path.starts_with(&pattern.path)
        });
        let best = fits.max_by_key(|(_, (it, _))| (it.path.len(), it.method.is_some()));
        best.map_or(0, |(index, _)| index + 1)
    }

    pub(super) fn routes(&self) -> usize {
        self.routes.len() + 1
    }

    pub(super) fn get(&self, number: usize) -> &Route {
        match number.checked_sub(1) {
            None => &self.others,
            Some(index) => &self.routes[index].1,
        }
    }

    pub(super) fn check(&self) -> Result<(), ApiFaults> {
        let mut faults = Vec::new();
        self.others.check("all others", &mut faults);
        for (pattern, route) in &self.routes {
            if !pattern.path.starts_with('/') {
                faults.push(ApiFault::Path { path: pattern.path.clone() });
            }
            route.check(&pattern.path, &mut faults);
        }
        if faults.is_empty() { Ok(()) } else { Err(ApiFaults(faults)) }
    }
}

impl Default for Api {
    fn default() -> Self {
        Self::new()
    }
}

type Answer = Arc<dyn Fn(&http::Request<Bytes>, &mut Chance) -> Value + Send + Sync>;

/// What becomes of the requests of a route. What a script says comes first; after its end chance
/// decides. Of the probabilities each is that of a request, and what they leave is that of an answer
/// 200.
#[derive(Clone)]
pub struct Route {
    latency: Latency,
    script: Arc<[Reply]>,
    ills: Vec<(f64, Ill)>,
    answer: Option<Answer>,
}

#[derive(Clone, Debug)]
enum Ill {
    Status(u16),
    RateLimit(Duration),
    Refuse,
    Reset,
    Stall,
    Cut,
}

impl Route {
    /// 200 and `{}`, at once.
    pub fn new() -> Self {
        Self { latency: Latency::ZERO, script: Arc::from([]), ills: Vec::new(), answer: None }
    }

    /// How long it takes until the head of an answer is there, or a fault. A scripted reply has its
    /// own latency.
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// What becomes of the first requests in a run, one after another.
    #[must_use]
    pub fn script(mut self, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.script = replies.into_iter().collect();
        self
    }

    /// What a good answer holds; else `{}`.
    #[must_use]
    pub fn answers(
        mut self,
        body: impl Fn(&http::Request<Bytes>, &mut Chance) -> Value + Send + Sync + 'static,
    ) -> Self {
        self.answer = Some(Arc::new(body));
        self
    }

    /// With this probability the answer has this status, and no body.
    #[must_use]
    pub fn fails(self, probability: f64, status: u16) -> Self {
        self.ill(probability, Ill::Status(status))
    }

    /// With this probability the answer is 429 with `Retry-After`, in whole seconds.
    #[must_use]
    pub fn limits(self, probability: f64, retry_after: Duration) -> Self {
        self.ill(probability, Ill::RateLimit(retry_after))
    }

    /// With this probability the connection is refused: nothing leaves.
    #[must_use]
    pub fn refuses(self, probability: f64) -> Self {
        self.ill(probability, Ill::Refuse)
    }

    /// With this probability the connection breaks after the request was sent.
    #[must_use]
    pub fn resets(self, probability: f64) -> Self {
        self.ill(probability, Ill::Reset)
    }

    /// With this probability nothing ever comes back.
    #[must_use]
    pub fn stalls(self, probability: f64) -> Self {
        self.ill(probability, Ill::Stall)
    }

    /// With this probability the connection breaks in the middle of the answer's body.
    #[must_use]
    pub fn cuts(self, probability: f64) -> Self {
        self.ill(probability, Ill::Cut)
    }

    fn ill(mut self, probability: f64, ill: Ill) -> Self {
        self.ills.push((probability, ill));
        self
    }

    /// What becomes of the `count`th request, from 0. Where it is to be calm or quick, chance does
    /// nothing to its end or to its time.
    pub(super) fn reply(
        &self,
        request: &http::Request<Bytes>,
        count: usize,
        chance: &mut Chance,
        (calm, quick): (bool, bool),
    ) -> Drawn {
        if let Some(reply) = self.script.get(count) {
            return Drawn { reply: reply.clone(), ill: false, slow: false };
        }
        let latency = self.latency.draw(chance);
        let mut point = chance.unit();
        let ill = self.ills.iter().find(|(probability, _)| {
            let is_hit = point < *probability;
            point -= probability;
            is_hit
        });
        let ill = ill.map(|(_, ill)| ill).filter(|_| !calm);
        let body = self.answer.as_ref().map_or_else(|| json!({}), |make| make(request, chance));
        let reply = match ill {
            None => Reply::json(&body),
            Some(Ill::Status(status)) => Reply::status(*status),
            Some(Ill::RateLimit(wait)) => {
                Reply::status(429).header("retry-after", wait.as_secs().to_string())
            }
            Some(Ill::Refuse) => Reply::refused(),
            Some(Ill::Reset) => Reply::reset_after_sending(),
            Some(Ill::Stall) => Reply::stalled(),
            Some(Ill::Cut) => {
                let whole = body.to_string().into_bytes();
                let half = whole[..whole.len() / 2].to_vec();
                Reply::status(200).header("content-type", "application/json").body(half).cut_short()
            }
        };
        let shortest = self.latency.shortest();
        let slow = latency > shortest && !quick;
        let reply = reply.after(if quick { shortest } else { latency });
        Drawn { reply, ill: ill.is_some(), slow }
    }

    fn check(&self, of: &str, faults: &mut Vec<ApiFault>) {
        let sum: f64 = self.ills.iter().map(|(probability, _)| probability).sum();
        for (probability, ill) in &self.ills {
            if !(0.0..=1.0).contains(probability) {
                let found = probability.to_string();
                faults.push(ApiFault::Probability { of: of.into(), found });
            }
            if let Ill::Status(status) = ill
                && !(100..1_000).contains(status)
            {
                faults.push(ApiFault::Status { of: of.into(), found: *status });
            }
        }
        if sum > 1.0 + 1e-9 {
            faults.push(ApiFault::Sum { of: of.into(), sum: sum.to_string() });
        }
    }
}

/// What becomes of a request.
pub(super) struct Drawn {
    pub(super) reply: Reply,
    /// Chance made it end otherwise than well.
    pub(super) ill: bool,
    /// Chance made it take longer than it might.
    pub(super) slow: bool,
}

impl Default for Route {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("latency", &self.latency)
            .field("script", &self.script.len())
            .field("ills", &self.ills)
            .finish_non_exhaustive()
    }
}

/// What is wrong with an API: everything at once. `Debug` reads like `Display`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ApiFaults(Vec<ApiFault>);

impl ApiFaults {
    /// One for each thing that is wrong.
    pub fn faults(&self) -> &[ApiFault] {
        &self.0
    }
}

impl fmt::Debug for ApiFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One thing that is wrong with an API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiFault {
    /// A route's path is none.
    #[error("the path `{path}` of a route does not begin with `/`")]
    Path {
        /// The path.
        path: String,
    },
    /// A probability is none.
    #[error("a probability of {of} is {found}; it lies between 0 and 1")]
    Probability {
        /// The route.
        of: String,
        /// The number.
        found: String,
    },
    /// What may go wrong is more than certain to.
    #[error("the probabilities of {of} make {sum} in all, which is more than 1")]
    Sum {
        /// The route.
        of: String,
        /// Their sum.
        sum: String,
    },
    /// A status is none.
    #[error("{found}, a status of {of}, is none: they go from 100 to 999")]
    Status {
        /// The route.
        of: String,
        /// The number.
        found: u16,
    },
}
