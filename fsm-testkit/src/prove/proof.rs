//! What a proof found.

use std::fmt;

use super::route::Route;

/// What was proven of a machine, what was refuted, and how far the proof reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub(super) machine: String,
    pub(super) claims: Vec<Claim>,
    pub(super) states: usize,
    pub(super) steps: usize,
    pub(super) depth: usize,
    pub(super) bound: Option<String>,
    pub(super) max_states: usize,
}

/// A property, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it says.
    pub name: String,
    /// Whether that is so.
    pub finding: Finding,
}

/// What became of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Proven,
    /// It does not hold: a way to where it fails, the shortest there is, or, for what never comes
    /// about, a way that goes on for ever.
    Refuted(Route),
    /// Something was never seen, though everything was explored: the names of states, the
    /// transitions in words, or nothing if it is the property itself.
    Missed(Vec<String>),
    /// The exploration was cut short before it could tell.
    Undecided,
}

impl Finding {
    /// Whether the property fails for certain.
    pub fn is_refuted(&self) -> bool {
        match self {
            Finding::Refuted(_) | Finding::Missed(_) => true,
            Finding::Proven | Finding::Undecided => false,
        }
    }

    /// The way to where it fails.
    pub fn route(&self) -> Option<&Route> {
        match self {
            Finding::Refuted(route) => Some(route),
            Finding::Proven | Finding::Missed(_) | Finding::Undecided => None,
        }
    }
}

impl Proof {
    /// The machine's name.
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// All properties, in the order in which they were asked.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// What became of a property.
    pub fn claim(&self, name: &str) -> Option<&Finding> {
        self.claims.iter().find(|claim| claim.name == name).map(|claim| &claim.finding)
    }

    /// The properties that fail.
    pub fn refuted(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(|claim| claim.finding.is_refuted())
    }

    /// Whether every property holds.
    pub fn is_proven(&self) -> bool {
        self.claims.iter().all(|claim| claim.finding == Finding::Proven)
    }

    /// How many states were explored.
    pub fn states(&self) -> usize {
        self.states
    }

    /// How many steps were taken.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// How many steps the farthest state is away.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The bound that cut the exploration short, in words, if one did.
    pub fn bound(&self) -> Option<&str> {
        self.bound.as_deref()
    }

    /// For tests: nothing happens if every property holds.
    ///
    /// # Panics
    /// With everything that does not hold, each with its counterexample in words.
    #[track_caller]
    pub fn assert_proven(&self) {
        assert!(self.is_proven(), "{self}");
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Claim { name, finding } in &self.claims {
            match finding {
                Finding::Proven => writeln!(f, "proven     {name}")?,
                Finding::Undecided => writeln!(f, "undecided  {name}")?,
                Finding::Refuted(route) => {
                    writeln!(f, "refuted    {name}:")?;
                    for line in route.to_string().lines() {
                        writeln!(f, "             {line}")?;
                    }
                }
                Finding::Missed(names) if names.is_empty() => writeln!(f, "refuted    {name}")?,
                Finding::Missed(names) => {
                    writeln!(f, "refuted    {name}; never seen:")?;
                    for name in names {
                        writeln!(f, "             {name}")?;
                    }
                }
            }
        }
        let states = counted(self.states, "state");
        let steps = counted(self.steps, "step");
        let extent = match &self.bound {
            None => "explored all there is",
            Some(_) => "explored a part",
        };
        write!(f, "{extent}: {states} of a run, {steps}, at most {} from the start; ", self.depth)?;
        match &self.bound {
            Some(bound) => writeln!(f, "{bound}"),
            None => writeln!(f, "the bound was {}", counted(self.max_states, "state")),
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
