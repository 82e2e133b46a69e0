//! What has a path, and two paths beside each other.

use fsm_core::{Event, Graph, Input, Machine, StateId, Timestamp, TransitionId};

use crate::deed::{Passage, Standing};
use crate::simulation::Simulation;
use crate::walks::{Walk, edge_text};

/// What came by places, one after the other.
pub trait Path {
    /// The places, the first being where it began. Several tokens make one place: the names of
    /// their states in declared order, with commas.
    fn places(&self) -> Vec<String>;

    /// How the transitions read that lead on from the place with this number; none where that is
    /// not known.
    fn ways_from(&self, place: usize) -> Vec<String> {
        let _ = place;
        Vec::new()
    }
}

impl<C: Clone, E: Event> Path for Simulation<C, E> {
    fn places(&self) -> Vec<String> {
        self.path().iter().map(|station| self.names(&station.at).join(", ")).collect()
    }

    fn ways_from(&self, place: usize) -> Vec<String> {
        let at = self.path().get(place).map(|station| station.at.clone()).unwrap_or_default();
        ways_from(self.machine().graph(), &at)
    }
}

impl<D> Path for Walk<D> {
    fn places(&self) -> Vec<String> {
        self.path()
    }
}

/// The path of a run that was recorded.
#[derive(Clone, Debug)]
pub struct Retold {
    graph: Graph,
    places: Vec<Vec<StateId>>,
}

impl Path for Retold {
    fn places(&self) -> Vec<String> {
        let names = |place: &Vec<StateId>| {
            let names: Vec<&str> = place.iter().map(|state| self.graph.name_of(*state)).collect();
            names.join(", ")
        };
        self.places.iter().map(names).collect()
    }

    fn ways_from(&self, place: usize) -> Vec<String> {
        self.places.get(place).map_or_else(Vec::new, |at| ways_from(&self.graph, at))
    }
}

/// Tells the path of a run of `machine` that began with `context` and took `inputs`: those that a
/// [`Recorder`](fsm_core::Recorder) kept. Of a run that was given a seed, the times of its retries
/// differ, which does not change the path.
///
/// ```
/// use fsm_core::{Machine, Recorder};
/// use fsm_testkit::assertions::{assert_path, retell};
/// # use fsm_core::{Bindings, Graph, Outcome};
/// # let mut errand = Graph::builder("errand");
/// # errand.activity("fetch");
/// # errand.final_state("home");
/// # errand.transition("fetch", "home").done();
/// # let code = Bindings::<(), ()>::new().activity("fetch", |_, _| async { Outcome::done() });
/// # let machine = Machine::bind(errand.initial("fetch").build()?, code)?;
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let ended = machine.run(()).observer(Recorder::default()).await;
/// assert_path(&retell(&machine, (), &ended.observer.inputs), ["fetch", "home"]);
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// Only if a guard or an action does.
pub fn retell<'a, C: Clone, E: Event + 'a>(
    machine: &Machine<C, E>,
    context: C,
    inputs: impl IntoIterator<Item = &'a (Timestamp, Input<E>)>,
) -> Retold {
    let graph = machine.graph().clone();
    let mut standing = Standing { run: machine.snapshot(context, 0), now: Timestamp::ZERO };
    let mut places = Vec::new();
    for (now, input) in inputs {
        standing.now = *now;
        let mut passage = Passage::default();
        // A refused input led nowhere.
        let is_taken = standing.step(machine, input, &mut passage).is_ok();
        let moves = |id: &TransitionId| !graph.transition(*id).is_internal();
        if is_taken && (places.is_empty() || passage.takes.iter().any(moves)) {
            places.push(standing.at());
        }
    }
    Retold { graph, places }
}

/// How the transitions read that begin at these states, or at those around them.
fn ways_from(graph: &Graph, at: &[StateId]) -> Vec<String> {
    let mut from: Vec<StateId> = at.to_vec();
    from.extend(at.iter().flat_map(|state| graph.ancestors(*state)));
    let edges = graph.transitions().filter(|(_, edge)| from.contains(&edge.from()));
    edges.map(|(id, _)| edge_text(graph, id)).collect()
}

/// Two paths beside each other, what they share in one line, the rest marked.
pub(super) fn side_by_side(expected: &[String], came: &[String]) -> String {
    let rows = align(expected, came);
    let wide = rows.iter().filter_map(|(left, _)| *left).map(|text| text.chars().count());
    let wide = wide.max().unwrap_or(0).max("expected".len());
    let mut text = format!("  {:wide$}  came", "expected");
    for (left, right) in rows {
        let mark = if left == right { ' ' } else { '!' };
        let line = format!("\n{mark} {:wide$}  {}", left.unwrap_or("-"), right.unwrap_or("-"));
        text.push_str(line.trim_end());
    }
    text
}

type Row<'a> = (Option<&'a str>, Option<&'a str>);

/// The longest common subsequence, by the table of the textbook.
fn align<'a>(left: &'a [String], right: &'a [String]) -> Vec<Row<'a>> {
    let mut common = vec![vec![0; right.len() + 1]; left.len() + 1];
    for l in (0..left.len()).rev() {
        for r in (0..right.len()).rev() {
            common[l][r] = match left[l] == right[r] {
                true => common[l + 1][r + 1] + 1,
                false => common[l + 1][r].max(common[l][r + 1]),
            };
        }
    }
    let (mut l, mut r) = (0, 0);
    let mut rows: Vec<Row<'a>> = Vec::new();
    while l < left.len() || r < right.len() {
        if l < left.len() && r < right.len() && left[l] == right[r] {
            rows.push((Some(&left[l]), Some(&right[r])));
            (l, r) = (l + 1, r + 1);
        } else if r == right.len() || (l < left.len() && common[l + 1][r] >= common[l][r + 1]) {
            rows.push((Some(&left[l]), None));
            l += 1;
        } else {
            rows.push((None, Some(&right[r])));
            r += 1;
        }
    }
    rows
}
