//! The algorithm of the recommendation (appendix D), written down as it stands there and as slow:
//! configurations are sets of states, and every transition is judged anew.
//!
//! Two things differ, because a graph means them so: `done` is a transition of the state that is
//! done and nobody else's, and a parallel state whose region goes on by its own `done` is not
//! done itself.

use std::collections::{BTreeSet, HashMap, VecDeque};

/// A chart. States are numbered in document order; 0 is the document itself.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) states: Vec<State>,
}

#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) sort: Sort,
    pub(crate) parent: usize,
    pub(crate) children: Vec<usize>,
    /// For compound states and the document: the child that is entered.
    pub(crate) initial: usize,
    pub(crate) transitions: Vec<Transition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Document,
    Atomic,
    Compound,
    Parallel,
    Final,
}

#[derive(Clone, Debug)]
pub(crate) struct Transition {
    pub(crate) on: On,
    /// None: an internal transition.
    pub(crate) targets: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum On {
    Event(u8),
    Done,
}

impl Chart {
    pub(crate) fn is_inside(&self, inner: usize, outer: usize) -> bool {
        self.around(inner).any(|state| state == outer)
    }

    /// The states around `state`, innermost first, the document last.
    pub(crate) fn around(&self, state: usize) -> impl Iterator<Item = usize> {
        let parent = |state: &usize| (*state != 0).then(|| self.states[*state].parent);
        std::iter::successors(parent(&state), parent)
    }

    fn sort(&self, state: usize) -> Sort {
        self.states[state].sort
    }

    /// `getTransitionDomain`, of a transition with targets.
    fn domain(&self, source: usize, targets: &[usize]) -> usize {
        let holds = |outer: &usize| {
            matches!(self.sort(*outer), Sort::Compound | Sort::Document)
                && targets.iter().all(|target| self.is_inside(*target, *outer))
        };
        self.around(source).find(holds).unwrap_or(0)
    }
}

/// A run of a chart by the book.
#[derive(Clone)]
pub(crate) struct Model<'a> {
    chart: &'a Chart,
    pub(crate) configuration: BTreeSet<usize>,
    /// Entries as `+state`, exits as `-state`, transitions as `!source`.
    pub(crate) log: Vec<String>,
    /// Whether a microstep of the last macrostep took several transitions.
    pub(crate) several: bool,
    pub(crate) is_over: bool,
    done: VecDeque<usize>,
}

type Enabled = (usize, usize);

impl<'a> Model<'a> {
    pub(crate) fn begin(chart: &'a Chart) -> Self {
        let begun = Self::enter_at(chart, &[chart.states[0].initial]);
        begun.expect("a chart that passes the checks comes to rest")
    }

    /// A run that begins at `targets`, if it ever comes to rest.
    fn enter_at(chart: &'a Chart, targets: &[usize]) -> Option<Self> {
        let mut model = Self::entered(chart, targets);
        model.settle().then_some(model)
    }

    /// Whether a run that begins at `targets` goes round for ever, if of states that are done at
    /// once any may go on first.
    pub(crate) fn may_go_round(chart: &'a Chart, targets: &[usize]) -> bool {
        Self::entered(chart, targets).comes_back_to_itself(&mut HashMap::new())
    }

    /// `seen` says of what was met whether the way that is looked at comes from there.
    fn comes_back_to_itself(
        self,
        seen: &mut HashMap<(BTreeSet<usize>, BTreeSet<usize>), bool>,
    ) -> bool {
        let here = (self.configuration.clone(), self.done.iter().copied().collect());
        if let Some(is_behind) = seen.get(&here) {
            return *is_behind;
        }
        seen.insert(here.clone(), true);
        let goes_round = (0..self.done.len()).filter(|_| !self.is_over).any(|at| {
            let mut next = self.clone();
            let state = next.done.remove(at).expect("one of them");
            next.log.clear();
            next.go_on_from(state);
            next.comes_back_to_itself(seen)
        });
        seen.insert(here, false);
        goes_round
    }

    /// A run that has entered `targets` and has not gone on by itself yet.
    fn entered(chart: &'a Chart, targets: &[usize]) -> Self {
        let mut model = Self {
            chart,
            configuration: BTreeSet::new(),
            log: Vec::new(),
            several: false,
            is_over: false,
            done: VecDeque::new(),
        };
        let mut entered = BTreeSet::new();
        targets.iter().for_each(|target| model.with_descendants(*target, &mut entered));
        targets.iter().for_each(|target| model.with_ancestors(*target, 0, &mut entered));
        model.enter(entered);
        model
    }

    /// Takes an event; tells whether any transition was enabled.
    pub(crate) fn event(&mut self, event: u8) -> bool {
        self.log.clear();
        self.several = false;
        let enabled = self.select(On::Event(event));
        self.microstep(&enabled);
        assert!(self.settle(), "a chart that passes the checks comes to rest");
        !enabled.is_empty()
    }

    /// The states of the configuration that hold no other.
    pub(crate) fn innermost(&self) -> BTreeSet<usize> {
        let is_atomic =
            |state: &&usize| matches!(self.chart.sort(**state), Sort::Atomic | Sort::Final);
        self.configuration.iter().filter(is_atomic).copied().collect()
    }

    /// Goes on until nothing more is done; not for ever.
    fn settle(&mut self) -> bool {
        let mut steps = 0;
        while let Some(state) = self.done.pop_front().filter(|_| !self.is_over) {
            steps += 1;
            if steps > 1_000 {
                return false;
            }
            self.go_on_from(state);
        }
        true
    }

    /// Takes the `done` of a state that was done, if it still is.
    fn go_on_from(&mut self, state: usize) {
        if self.configuration.contains(&state) && self.has_ended(state) {
            let enabled = self.first(state, On::Done).into_iter().collect::<Vec<_>>();
            self.microstep(&enabled);
        }
    }

    fn first(&self, state: usize, on: On) -> Option<Enabled> {
        let transitions = &self.chart.states[state].transitions;
        transitions.iter().position(|edge| edge.on == on).map(|at| (state, at))
    }

    /// `selectTransitions`.
    fn select(&self, on: On) -> Vec<Enabled> {
        let mut enabled = Vec::new();
        for leaf in self.innermost() {
            let levels = std::iter::once(leaf).chain(self.chart.around(leaf));
            let found = levels.into_iter().find_map(|state| self.first(state, on));
            if let Some(found) = found.filter(|found| !enabled.contains(found)) {
                enabled.push(found);
            }
        }
        self.without_conflicts(enabled)
    }

    /// `removeConflictingTransitions`.
    fn without_conflicts(&self, enabled: Vec<Enabled>) -> Vec<Enabled> {
        let mut kept: Vec<Enabled> = Vec::new();
        for later in enabled {
            let exits = self.exits(later);
            let rivals: Vec<Enabled> = kept
                .iter()
                .copied()
                .filter(|earlier| !self.exits(*earlier).is_disjoint(&exits))
                .collect();
            if rivals.iter().all(|earlier| self.chart.is_inside(later.0, earlier.0)) {
                kept.retain(|earlier| !rivals.contains(earlier));
                kept.push(later);
            }
        }
        kept
    }

    fn targets(&self, (state, at): Enabled) -> &'a [usize] {
        &self.chart.states[state].transitions[at].targets
    }

    /// `computeExitSet` of one transition.
    fn exits(&self, enabled: Enabled) -> BTreeSet<usize> {
        let targets = self.targets(enabled);
        if targets.is_empty() {
            return BTreeSet::new();
        }
        let domain = self.chart.domain(enabled.0, targets);
        let inside = |state: &&usize| self.chart.is_inside(**state, domain);
        self.configuration.iter().filter(inside).copied().collect()
    }

    fn microstep(&mut self, enabled: &[Enabled]) {
        self.several |= enabled.len() > 1;
        let exits: BTreeSet<usize> = enabled.iter().flat_map(|edge| self.exits(*edge)).collect();
        for state in exits.iter().rev() {
            self.log.push(format!("-{state}"));
            self.configuration.remove(state);
        }
        let mut entered = BTreeSet::new();
        for edge in enabled {
            self.log.push(format!("!{}", edge.0));
            let targets = self.targets(*edge);
            if targets.is_empty() {
                continue;
            }
            let domain = self.chart.domain(edge.0, targets);
            targets.iter().for_each(|target| self.with_descendants(*target, &mut entered));
            targets.iter().for_each(|target| self.with_ancestors(*target, domain, &mut entered));
        }
        self.enter(entered);
    }

    /// `addDescendantStatesToEnter`.
    fn with_descendants(&self, state: usize, entered: &mut BTreeSet<usize>) {
        entered.insert(state);
        match self.chart.sort(state) {
            Sort::Compound => {
                let initial = self.chart.states[state].initial;
                self.with_descendants(initial, entered);
            }
            Sort::Parallel => self.with_regions(state, entered),
            Sort::Document | Sort::Atomic | Sort::Final => {}
        }
    }

    fn with_regions(&self, parallel: usize, entered: &mut BTreeSet<usize>) {
        for region in &self.chart.states[parallel].children {
            if !entered
                .iter()
                .any(|state| *state == *region || self.chart.is_inside(*state, *region))
            {
                self.with_descendants(*region, entered);
            }
        }
    }

    /// `addAncestorStatesToEnter`.
    fn with_ancestors(&self, target: usize, domain: usize, entered: &mut BTreeSet<usize>) {
        for outer in self.chart.around(target).take_while(|outer| *outer != domain) {
            entered.insert(outer);
            if self.chart.sort(outer) == Sort::Parallel {
                self.with_regions(outer, entered);
            }
        }
    }

    fn enter(&mut self, entered: BTreeSet<usize>) {
        for state in entered {
            self.log.push(format!("+{state}"));
            self.configuration.insert(state);
            if self.chart.sort(state) == Sort::Final {
                match self.chart.states[state].parent {
                    0 => self.is_over = true,
                    outer => self.end(outer),
                }
            }
        }
    }

    /// Says that `state` is done, or, where that sets nothing off, the parallel states around it
    /// that are done with it.
    fn end(&mut self, state: usize) {
        if self.first(state, On::Done).is_some() {
            return self.done.push_back(state);
        }
        let outer = self.chart.states[state].parent;
        if self.chart.sort(outer) == Sort::Parallel && self.has_ended(outer) {
            self.end(outer);
        }
    }

    /// `isInFinalState`.
    fn has_ended(&self, state: usize) -> bool {
        let children = &self.chart.states[state].children;
        match self.chart.sort(state) {
            Sort::Compound => children.iter().any(|child| {
                self.chart.sort(*child) == Sort::Final && self.configuration.contains(child)
            }),
            Sort::Parallel => children
                .iter()
                .all(|child| self.has_ended(*child) && (self.first(*child, On::Done).is_none())),
            Sort::Document | Sort::Atomic | Sort::Final => false,
        }
    }
}
