//! The search for values with which all claims are true.
//!
//! Subjects get their values one by one, those first that an undecided claim reads; a branch ends
//! as soon as one claim can no longer be true. Claims that share no subject are settled one after
//! the other, so that what one of them costs is not multiplied by the next.

use serde_json::Value;

use super::claim::Claim;
use super::domain::{self, Candidate};
use super::formula::Outcomes;
use super::subject::{Subject, Subjects};

/// Which values are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breadth {
    /// Those that a person who reads the conditions would think of.
    Usual,
    /// All.
    Every,
}

/// How many evaluations are left.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new(evaluations: usize) -> Self {
        Self(evaluations)
    }

    pub(crate) fn left(&self) -> usize {
        self.0
    }

    fn take(&mut self, evaluations: usize) -> bool {
        let is_enough = self.0 >= evaluations;
        self.0 = self.0.saturating_sub(evaluations);
        is_enough
    }
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Whoever was shown what was found has seen enough.
    Stopped,
    /// There is no more.
    Exhausted,
    /// The budget is.
    OutOfBudget,
}

/// Claims, what they read, and the values to try.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) claims: Vec<Claim>,
    pub(super) subjects: Subjects,
    domains: Vec<Vec<Candidate>>,
    /// By claim, the subjects that it reads.
    reads: Vec<Vec<usize>>,
}

/// Which candidate each subject has.
pub(super) type Choice = Vec<Option<usize>>;

impl Problem {
    pub(super) fn of(claims: Vec<Claim>, declared: Option<&Value>) -> Self {
        let mut subjects = Subjects::of(&claims);
        let domains = domain::domains(&mut subjects, declared);
        let reads = |formula: &super::formula::Formula| {
            let mut reads = Vec::new();
            formula.subjects(&mut |subject| reads.push(subject));
            reads
        };
        let reads = subjects.formulas.iter().map(reads).collect();
        Self { claims, subjects, domains, reads }
    }

    pub(super) fn candidates(&self, subject: usize) -> &[Candidate] {
        &self.domains[subject]
    }

    pub(super) fn subject(&self, subject: usize) -> &Subject {
        &self.subjects.list[subject]
    }

    /// The claims in sets of which no two read a common subject, or one inside another's.
    pub(super) fn sets(&self) -> Vec<Vec<usize>> {
        let mut set_of: Vec<usize> = (0..self.claims.len()).collect();
        let mut owner: Vec<Option<usize>> = vec![None; self.subjects.list.len()];
        for (claim, reads) in self.reads.iter().enumerate() {
            for read in reads {
                let chain = std::iter::successors(Some(*read), |at| self.subject(*at).around);
                for subject in chain {
                    let other = *owner[subject].get_or_insert(claim);
                    let (from, to) = (top(&mut set_of, claim), top(&mut set_of, other));
                    set_of[from.max(to)] = from.min(to);
                }
            }
        }
        let mut sets: Vec<Vec<usize>> = vec![Vec::new(); self.claims.len()];
        for claim in 0..self.claims.len() {
            sets[top(&mut set_of, claim)].push(claim);
        }
        sets.retain(|set| !set.is_empty());
        sets
    }

    /// Shows `visit` every choice with which the claims of `set` are true, until it says `true`.
    pub(super) fn solve(
        &self,
        set: &[usize],
        breadth: Breadth,
        budget: &mut Budget,
        visit: &mut dyn FnMut(&Choice) -> bool,
    ) -> End {
        let mut values: Vec<Option<&Value>> = vec![None; self.subjects.list.len()];
        let mut choice: Choice = vec![None; self.subjects.list.len()];
        // The subjects that have a value, and which candidate comes next.
        let mut path: Vec<(usize, usize)> = Vec::new();
        loop {
            if !budget.take(set.len()) {
                return End::OutOfBudget;
            }
            match self.look(set, &values, &choice) {
                Look::Contradiction => {}
                Look::Solved => {
                    if visit(&choice) {
                        return End::Stopped;
                    }
                }
                Look::Open(subject) => path.push((subject, 0)),
            }
            // The next candidate of the last subject that has one left.
            loop {
                let Some((subject, next)) = path.last_mut() else { return End::Exhausted };
                let subject = *subject;
                match self.allowed(subject, &choice, breadth, *next) {
                    Some(candidate) => {
                        *next = candidate + 1;
                        choice[subject] = Some(candidate);
                        values[subject] = Some(&self.domains[subject][candidate].value);
                        break;
                    }
                    None => {
                        (choice[subject], values[subject]) = (None, None);
                        path.pop();
                    }
                }
            }
        }
    }

    /// The first candidate from `next` on that goes with what lies around the subject.
    fn allowed(
        &self,
        subject: usize,
        choice: &Choice,
        breadth: Breadth,
        next: usize,
    ) -> Option<usize> {
        let domain = &self.domains[subject];
        let around = self.subject(subject).around;
        let is_held = around.is_none_or(|around| {
            choice[around].is_some_and(|at| self.domains[around][at].holds_others)
        });
        let goes = |candidate: &Candidate| match is_held {
            true => breadth == Breadth::Every || candidate.is_usual,
            false => candidate.value.is_null(),
        };
        (next..domain.len()).find(|index| goes(&domain[*index]))
    }

    fn look(&self, set: &[usize], values: &[Option<&Value>], choice: &Choice) -> Look {
        let mut open = None;
        for claim in set {
            let outcomes = self.subjects.formulas[*claim].truth(values);
            let holds = self.claims[*claim].holds;
            let can_be = if holds { outcomes.may_hold() } else { outcomes != Outcomes::HOLDS };
            if !can_be {
                return Look::Contradiction;
            }
            let is_sure = if holds { outcomes == Outcomes::HOLDS } else { !outcomes.may_hold() };
            if !is_sure && open.is_none() {
                open = self.reads[*claim].iter().copied().find(|read| choice[*read].is_none());
            }
        }
        let Some(mut subject) = open else { return Look::Solved };
        while let Some(around) = self.subject(subject).around
            && choice[around].is_none()
        {
            subject = around;
        }
        Look::Open(subject)
    }

    /// What a claim's parts, together, come to.
    pub(super) fn truth(&self, claim: usize, choice: &Choice) -> Outcomes {
        let value =
            |(subject, at): (usize, &Option<usize>)| Some(&self.domains[subject][(*at)?].value);
        let values: Vec<Option<&Value>> = choice.iter().enumerate().map(value).collect();
        self.subjects.formulas[claim].truth(&values)
    }
}

/// What a look at all claims shows.
enum Look {
    Contradiction,
    Solved,
    Open(usize),
}

fn top(set_of: &mut [usize], mut index: usize) -> usize {
    while set_of[index] != index {
        set_of[index] = set_of[set_of[index]];
        index = set_of[index];
    }
    index
}
