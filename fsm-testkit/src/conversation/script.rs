//! The script of a conversation: what may come next, and what went wrong. It is pure; the wire is
//! elsewhere.

use super::account::{Account, Mishap};
use super::answer::Reply;
use super::comparison::Comparison;
use super::incoming::Incoming;
use super::request::Request;
use super::secrets::SecretNames;
use super::text::Bound;
use super::times::Times;
use super::{Conversation, Draft};

/// One request that is expected, with what becomes of it.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) request: Request,
    pub(super) times: Times,
    pub(super) reply: Reply,
    pub(super) came: u32,
}

impl Exchange {
    pub(super) fn new(request: Request, times: Times, reply: Reply) -> Self {
        Self { request, times, reply, came: 0 }
    }

    fn is_satisfied(&self) -> bool {
        self.came >= self.times.least
    }
}

/// A part of the script; exchanges are told by their number in the list of all.
#[derive(Debug)]
enum Part {
    Exchange(usize),
    /// One after the other; those before `at` are over.
    InOrder {
        parts: Vec<Part>,
        at: usize,
    },
    /// In whatever order, also mixed.
    AnyOrder(Vec<Part>),
}

/// What is expected, and what came so far.
#[derive(Debug)]
pub(super) struct Script {
    exchanges: Vec<Exchange>,
    root: Part,
    /// From here on, exchanges may happen at any time.
    anywhere: usize,
    bound: Bound,
    secrets: SecretNames,
    mishaps: Vec<Mishap>,
    requests: Vec<Incoming>,
}

impl Script {
    pub(super) fn new(conversation: Conversation) -> Self {
        let Conversation { parts, anywhere, secrets } = conversation;
        let mut exchanges = Vec::new();
        let root = Part::InOrder { parts: number(parts, &mut exchanges), at: 0 };
        let first = exchanges.len();
        exchanges.extend(anywhere);
        Self {
            exchanges,
            root,
            anywhere: first,
            bound: Bound::new(),
            secrets,
            mishaps: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Takes a request in. Gives what becomes of it with what is known of it now, or, where nothing
    /// like it was expected, the report on that.
    pub(super) fn receive(&mut self, mut came: Incoming) -> Result<(Incoming, Reply), String> {
        let Self { exchanges, root, bound, secrets, anywhere, .. } = self;
        let fits = |number: usize| {
            let exchange: &Exchange = &exchanges[number];
            exchange.times.leaves_room(exchange.came)
                && exchange.request.is_for(&came)
                && exchange.request.compare(&came, bound, secrets).fits()
        };
        let satisfied = |number: usize| exchanges[number].is_satisfied();
        let found = root
            .offer(&fits, &satisfied)
            .or_else(|| (*anywhere..exchanges.len()).find(|number| fits(*number)));
        let Some(number) = found else {
            let mishap = self.unexpected(&came);
            let report = mishap.to_string();
            self.mishaps.push(mishap);
            self.requests.push(came);
            return Err(report);
        };
        let exchange = &mut self.exchanges[number];
        exchange.came += 1;
        exchange.request.learn(&mut came, &mut self.bound);
        self.requests.push(came.clone());
        Ok((came, exchange.reply.clone()))
    }

    /// Notes what went wrong without being a request.
    pub(super) fn note(&mut self, mishap: Mishap) {
        self.mishaps.push(mishap);
    }

    /// Everything that came.
    pub(super) fn requests(&self) -> &[Incoming] {
        &self.requests
    }

    /// True if nothing is missing, or it went wrong already: then waiting is of no use.
    pub(super) fn is_settled(&self) -> bool {
        !self.mishaps.is_empty() || self.exchanges.iter().all(Exchange::is_satisfied)
    }

    /// How it went; `None` if it went as the script says.
    pub(super) fn account(&self) -> Option<Account> {
        let account = Account::new(&self.exchanges, self.anywhere, &self.mishaps);
        account.went_wrong().then_some(account)
    }

    fn unexpected(&self, came: &Incoming) -> Mishap {
        let mut open = Vec::new();
        let satisfied = |number: usize| self.exchanges[number].is_satisfied();
        self.root.open(&satisfied, &mut open);
        open.retain(|number| {
            let exchange = &self.exchanges[*number];
            exchange.times.leaves_room(exchange.came)
        });
        let choices = open.len();
        let held = |number: usize| {
            let comparison =
                self.exchanges[number].request.compare(came, &self.bound, &self.secrets);
            (number, comparison)
        };
        // The one that is missed by the least is most likely the one that was meant.
        let nearest = open.into_iter().map(held).min_by_key(|(_, held)| held.differences());
        let place = self.requests.len() + 1;
        match nearest {
            Some((number, comparison)) => {
                let expected = self.exchanges[number].request.line();
                let (number, came) = (number + 1, came.line());
                Mishap::DoesNotFit { place, came, number, expected, choices, comparison }
            }
            None => {
                let comparison = Comparison::of(came, &self.secrets);
                Mishap::NothingExpected { place, came: came.line(), comparison }
            }
        }
    }
}

impl Part {
    /// The exchange that takes a request, if there is one.
    fn offer(
        &mut self,
        fits: &impl Fn(usize) -> bool,
        satisfied: &impl Fn(usize) -> bool,
    ) -> Option<usize> {
        match self {
            Self::Exchange(number) => fits(*number).then_some(*number),
            Self::AnyOrder(parts) => parts.iter_mut().find_map(|part| part.offer(fits, satisfied)),
            Self::InOrder { parts, at } => {
                for (index, part) in parts.iter_mut().enumerate().skip(*at) {
                    if let Some(number) = part.offer(fits, satisfied) {
                        *at = index;
                        return Some(number);
                    }
                    if !part.is_satisfied(satisfied) {
                        return None;
                    }
                }
                None
            }
        }
    }

    fn is_satisfied(&self, satisfied: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Exchange(number) => satisfied(*number),
            Self::AnyOrder(parts) => parts.iter().all(|part| part.is_satisfied(satisfied)),
            Self::InOrder { parts, at } => {
                parts[*at..].iter().all(|part| part.is_satisfied(satisfied))
            }
        }
    }

    /// The exchanges that could come next.
    fn open(&self, satisfied: &impl Fn(usize) -> bool, open: &mut Vec<usize>) {
        match self {
            Self::Exchange(number) => open.push(*number),
            Self::AnyOrder(parts) => parts.iter().for_each(|part| part.open(satisfied, open)),
            Self::InOrder { parts, at } => {
                for part in &parts[*at..] {
                    part.open(satisfied, open);
                    if !part.is_satisfied(satisfied) {
                        return;
                    }
                }
            }
        }
    }
}

fn number(drafts: Vec<Draft>, exchanges: &mut Vec<Exchange>) -> Vec<Part> {
    let part = |draft| match draft {
        Draft::Exchange(exchange) => {
            exchanges.push(*exchange);
            Part::Exchange(exchanges.len() - 1)
        }
        Draft::InOrder(parts) => Part::InOrder { parts: number(parts, exchanges), at: 0 },
        Draft::AnyOrder(parts) => Part::AnyOrder(number(parts, exchanges)),
    };
    drafts.into_iter().map(part).collect()
}
