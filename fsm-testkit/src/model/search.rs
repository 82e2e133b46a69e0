//! The walk through all states, breadth first, and the verdicts after it.

use std::collections::VecDeque;
use std::time::Instant;

use super::bits::Bits;
use super::checker::Limits;
use super::fate::{self, Fate};
use super::graph::Graph;
use super::ledger::{Ledger, fingerprint};
use super::path::Ending;
use super::report::{Extent, Finding};
use super::{Bound, Kind, Model, Path, Property, Report, Verdict};

/// A walk under way.
///
/// States are numbered in the order in which they are found, which is the order in which they are
/// explored: the first of the frontier has the number `explored`.
pub(super) struct Search<'m, M: Model> {
    model: &'m M,
    limits: Limits,
    begun: Instant,
    extent: Extent,
    ledger: Ledger,
    frontier: VecDeque<M::State>,
    explored: u32,
    /// Explored states of which not all steps were taken, in order.
    cut: Vec<u32>,
    /// Whether a new state was found that had no room any more.
    is_over_full: bool,
    /// Where a property speaks of paths.
    graph: Option<Graph>,
    questions: Vec<Question<M>>,
    /// The questions that a state may decide, and those that a state without a step may.
    of_states: Vec<usize>,
    of_ends: Vec<usize>,
    of_paths: Vec<usize>,
}

/// A property, and what is known of it so far.
struct Question<M: Model> {
    property: Property<M>,
    /// The first state that decided it.
    found: Option<u32>,
    /// Of a property of paths: in which states its condition holds.
    holds: Bits,
}

impl<'m, M: Model> Search<'m, M> {
    pub(super) fn new(model: &'m M, limits: Limits, is_reduced: bool) -> Self {
        let properties = model.properties();
        let of_kind = |is_it: fn(Kind) -> bool| {
            let those = properties.iter().enumerate().filter(|(_, it)| is_it(it.kind()));
            those.map(|(index, _)| index).collect::<Vec<_>>()
        };
        let of_states = of_kind(|kind| matches!(kind, Kind::Always | Kind::Sometimes));
        let of_ends = of_kind(|kind| kind == Kind::NeverStuck);
        let of_paths = of_kind(Kind::is_about_paths);
        let needs_all = properties.iter().any(|property| property.kind() == Kind::Eventually);
        let extent = Extent { is_reduced: is_reduced && !needs_all, ..Extent::default() };
        let question = |property| Question { property, found: None, holds: Bits::default() };
        Self {
            model,
            limits,
            begun: Instant::now(),
            extent,
            ledger: Ledger::default(),
            frontier: VecDeque::new(),
            explored: 0,
            cut: Vec::new(),
            is_over_full: false,
            graph: (!of_paths.is_empty()).then(Graph::new),
            questions: properties.into_iter().map(question).collect(),
            of_states,
            of_ends,
            of_paths,
        }
    }

    pub(super) fn run(mut self) -> Report<M> {
        for state in self.model.initial() {
            self.reach(state, None, 0);
        }
        let initial = self.ledger.len() as u32;
        let (mut depth, mut next_level) = (0, initial);
        let (mut steps, mut targets) = (Vec::new(), Vec::new());
        while let Some(state) = self.next() {
            if self.explored == next_level {
                depth += 1;
                next_level = self.ledger.len() as u32;
            }
            self.explore(&state, depth, &mut steps, &mut targets);
            self.explored += 1;
        }
        self.extent.states = self.ledger.len();
        self.conclude(initial)
    }

    /// The next state to explore, unless a bound comes first.
    fn next(&mut self) -> Option<M::State> {
        if self.frontier.is_empty() {
            return None;
        }
        let is_settled = self.of_states.is_empty() && self.of_ends.is_empty();
        if is_settled && self.graph.is_none() && !self.questions.is_empty() {
            self.stop_at(Bound::Settled);
            return None;
        }
        if let Some(limit) = self.limits.time
            && self.explored.is_multiple_of(16)
            && self.begun.elapsed() >= limit
        {
            self.stop_at(Bound::Time(limit));
            return None;
        }
        if self.is_over_full {
            return None;
        }
        self.frontier.pop_front()
    }

    fn stop_at(&mut self, bound: Bound) {
        self.extent.bound.get_or_insert(bound);
    }

    fn explore(
        &mut self,
        state: &M::State,
        depth: usize,
        steps: &mut Vec<(M::Action, M::State)>,
        targets: &mut Vec<u32>,
    ) {
        if self.model.is_within(state) {
            self.possible_steps(state, steps);
            if steps.is_empty() {
                self.ask_end(state);
            }
            self.extent.steps += steps.len() as u64;
            let mut is_cut = false;
            for (_, next) in steps.drain(..) {
                match self.reach(next, Some(self.explored), depth + 1) {
                    Some(number) if self.graph.is_some() => targets.push(number),
                    Some(_) => {}
                    None => is_cut = true,
                }
            }
            if is_cut {
                self.cut.push(self.explored);
            }
        } else {
            self.stop_at(Bound::Boundary);
            self.cut.push(self.explored);
        }
        if let Some(graph) = &mut self.graph {
            graph.push(targets);
            targets.clear();
        }
    }

    /// The few steps that stand for all, where they are asked for and one leads to a state that is
    /// still to be explored; so no step is put off for ever, since states are finite in number.
    fn possible_steps(&self, state: &M::State, steps: &mut Vec<(M::Action, M::State)>) {
        let is_ahead = |next: &M::State| {
            self.ledger.find(fingerprint(next)).is_none_or(|number| number > self.explored)
        };
        if self.extent.is_reduced
            && self.model.few_steps(state, steps)
            && steps.iter().any(|(_, next)| is_ahead(next))
        {
            return;
        }
        steps.clear();
        self.model.steps(state, steps);
    }

    /// The number of a state, which may be a new one; `None` where a bound keeps it out.
    fn reach(&mut self, state: M::State, parent: Option<u32>, depth: usize) -> Option<u32> {
        let fingerprint = fingerprint(&state);
        let bound = match self.limits {
            limits if self.ledger.len() >= limits.states => Some(Bound::States(limits.states)),
            Limits { depth: Some(limit), .. } if depth > limit => Some(Bound::Depth(limit)),
            _ => None,
        };
        if let Some(bound) = bound {
            let known = self.ledger.find(fingerprint);
            if known.is_none() {
                self.stop_at(bound);
                self.is_over_full |= matches!(bound, Bound::States(_));
            }
            return known;
        }
        let (number, is_new) = self.ledger.admit(fingerprint, parent);
        if is_new {
            self.extent.depth = depth;
            self.ask(&state, number);
            self.frontier.push_back(state);
        }
        Some(number)
    }

    /// Asks of a new state what is still open.
    fn ask(&mut self, state: &M::State, number: u32) {
        let (model, questions) = (self.model, &mut self.questions);
        self.of_states.retain(|index| {
            let question = &mut questions[*index];
            let waits_for = question.property.kind() == Kind::Sometimes;
            let is_open = question.property.holds_in(model, state) != waits_for;
            if !is_open {
                question.found = Some(number);
            }
            is_open
        });
        for index in &self.of_paths {
            let question = &mut questions[*index];
            question.holds.push(question.property.holds_in(model, state));
        }
    }

    /// Asks of the explored state, from which no step leads on, what is still open.
    fn ask_end(&mut self, state: &M::State) {
        let (model, questions) = (self.model, &mut self.questions);
        self.of_ends.retain(|index| {
            let question = &mut questions[*index];
            let is_open = question.property.holds_in(model, state);
            if !is_open {
                question.found = Some(self.explored);
            }
            is_open
        });
    }

    fn conclude(self, initial: u32) -> Report<M> {
        let mut unknown = Bits::none(self.ledger.len());
        for state in self.cut.iter().copied().chain(self.explored..self.ledger.len() as u32) {
            unknown.insert(state);
        }
        let findings = self.questions.iter().map(|question| {
            let verdict = self.verdict(question, initial, &unknown);
            let words = match &verdict {
                Verdict::Violated(path) => Some(path.words(self.model)),
                Verdict::Holds | Verdict::Example(_) | Verdict::Unseen | Verdict::Undecided => None,
            };
            let property = &question.property;
            Finding { name: property.name().to_owned(), kind: property.kind(), verdict, words }
        });
        Report { extent: self.extent, findings: findings.collect() }
    }

    fn verdict(&self, question: &Question<M>, initial: u32, unknown: &Bits) -> Verdict<M> {
        let kind = question.property.kind();
        let path = match (kind, question.found, &self.graph) {
            (Kind::Always | Kind::Sometimes, Some(found), _) => {
                Some(self.path(&self.ledger.way_to(found), Ending::Open))
            }
            (Kind::NeverStuck, Some(found), _) => {
                Some(self.path(&self.ledger.way_to(found), Ending::Terminal))
            }
            (Kind::Eventually, _, Some(graph)) => {
                let avoids = |state| !question.holds.has(state);
                fate::shortest(graph, 0..initial, avoids, unknown, self.ledger.len())
                    .map(|Fate { way, ending }| self.path(&way, ending))
            }
            (Kind::AlwaysPossible, _, Some(graph)) => self.lost(graph, question, unknown),
            _ => None,
        };
        let is_complete = self.extent.bound.is_none();
        match path {
            Some(path) if kind == Kind::Sometimes => Verdict::Example(path),
            Some(path) => Verdict::Violated(path),
            None if !is_complete => Verdict::Undecided,
            None if kind == Kind::Sometimes => Verdict::Unseen,
            None => Verdict::Holds,
        }
    }

    /// A path to where nothing leads to the goal any more, and how it must go on.
    fn lost(&self, graph: &Graph, question: &Question<M>, unknown: &Bits) -> Option<Path<M>> {
        let len = self.ledger.len();
        // What was not explored may lead anywhere.
        let hopes = |state| question.holds.has(state) || unknown.has(state);
        let hopeful = graph.leading_to(len, hopes);
        // Numbers are in the order of distance.
        let trap = (0..len as u32).find(|state| !hopeful.has(*state))?;
        let mut way = self.ledger.way_to(trap);
        let lost_after = way.len() - 1;
        // Nothing of a trap is unknown, and it is finite: a path in it ends or goes round.
        let Fate { way: rest, ending } = fate::of_trapped(graph, trap, unknown, len)?;
        way.extend(&rest[1..]);
        let ending = match ending {
            Ending::Cycle { to } => Ending::Cycle { to: to + lost_after },
            Ending::Open | Ending::Terminal => ending,
        };
        Some(self.path(&way, ending).lost_after(lost_after))
    }

    fn path(&self, way: &[u32], ending: Ending) -> Path<M> {
        Path::retrace(self.model, &self.ledger, way, ending)
    }
}
