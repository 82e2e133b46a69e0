//! A model that is nothing but its graph: states are numbers, some of them marked.

use fsm_testkit::model::{Kind, Model, Property, Report, Verdict};

#[derive(Clone, Debug)]
pub(crate) struct Map {
    /// The states from which it may begin.
    pub starts: Vec<usize>,
    /// By state, where its steps lead.
    pub steps: Vec<Vec<usize>>,
    /// By state, whether the condition of the property holds there.
    pub marks: Vec<bool>,
    /// What is asked.
    pub kind: Kind,
    /// States from here on lie beyond the boundary.
    pub boundary: usize,
}

impl Map {
    /// A map that begins in 0 and has so many states, with these steps and these marked ones.
    pub(crate) fn new(
        states: usize,
        steps: &[(usize, usize)],
        marked: &[usize],
        kind: Kind,
    ) -> Self {
        let mut map = Self {
            starts: vec![0],
            steps: vec![Vec::new(); states],
            marks: vec![false; states],
            kind,
            boundary: usize::MAX,
        };
        for (from, to) in steps {
            map.steps[*from].push(*to);
        }
        for state in marked {
            map.marks[*state] = true;
        }
        map
    }

    /// The verdict of the one property.
    pub(crate) fn verdict(report: &Report<Self>) -> &Verdict<Self> {
        report.verdict(NAME).expect("a map asks one thing")
    }
}

const NAME: &str = "marked";

impl Model for Map {
    type State = usize;
    type Action = usize;

    fn initial(&self) -> Vec<usize> {
        self.starts.clone()
    }

    fn steps(&self, state: &usize, steps: &mut Vec<(usize, usize)>) {
        steps.extend(self.steps[*state].iter().copied().enumerate());
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let condition = |map: &Self, state: &usize| map.marks[*state];
        vec![match self.kind {
            Kind::Always => Property::always(NAME, condition),
            Kind::Sometimes => Property::sometimes(NAME, condition),
            Kind::NeverStuck => Property::never_stuck(NAME, condition),
            Kind::Eventually => Property::eventually(NAME, condition),
            Kind::AlwaysPossible => Property::always_possible(NAME, condition),
        }]
    }

    fn is_within(&self, state: &usize) -> bool {
        *state < self.boundary
    }

    fn say_step(&self, _: &usize, action: &usize) -> String {
        format!("way {action}")
    }

    fn say_state(&self, state: &usize) -> String {
        format!("{state}{}", if self.marks[*state] { "*" } else { "" })
    }
}
