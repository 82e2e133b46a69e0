//! What lies where: the order in which a graph is drawn, and what contains what.
//!
//! A plan holds one sheet for the graph and one for each machine within it that is expanded. Both
//! languages draw the same plan, walking its states without recursion, however deep they nest.

use std::collections::BTreeMap;

use super::id::Id;
use super::label::Label;
use super::marks::{Mark, Marks};
use super::{Actions, Drawing, Machines};
use crate::graph::{Graph, GuardId, Kind, RetryPolicy, StateId, Transition, TransitionId, Trigger};

/// A graph laid out for drawing.
pub(super) struct Plan<'g> {
    pub(super) sheets: Vec<Sheet<'g>>,
    actions: Actions,
    marks: Option<&'g Marks>,
    guards: Option<&'g BTreeMap<GuardId, String>>,
}

/// A state on one of the sheets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) sheet: usize,
    pub(super) state: StateId,
}

/// What the walk over all states comes by.
pub(super) enum Step {
    /// A state that holds no others.
    Leaf(Place),
    /// A state that holds those up to its [`Step::Close`].
    Open(Place),
    /// The end of what a state holds.
    Close,
}

/// One graph of a plan.
pub(super) struct Sheet<'g> {
    pub(super) graph: &'g Graph,
    /// By container, and last the outermost states; sorted by name.
    children: Buckets<StateId>,
    /// By source; in declared order.
    edges: Buckets<TransitionId>,
    sorted: Vec<StateId>,
    nesting: Vec<Nesting>,
    /// The last declared state that is no container.
    last: StateId,
    /// The sheets of the machines that are expanded.
    inner: BTreeMap<StateId, usize>,
}

/// Where a state lies in the order in which containers come before what they hold.
#[derive(Clone, Copy)]
struct Nesting {
    position: u32,
    /// States inside, at any depth, and the state itself.
    size: u32,
    /// The last declared state inside that is no container; the state itself if it is none.
    last: StateId,
}

impl<'g> Plan<'g> {
    pub(super) fn new(drawing: Drawing<'g>) -> Self {
        let Drawing { graph, machines, actions, marks, guards, direction: _ } = drawing;
        let mut sheets = vec![Sheet::new(graph)];
        let mut at = 0;
        while machines == Machines::Expanded && at < sheets.len() {
            let outer = sheets[at].graph;
            for (&state, inner) in &outer.inner {
                let number = sheets.len();
                sheets[at].inner.insert(state, number);
                sheets.push(Sheet::new(inner));
            }
            at += 1;
        }
        Self { sheets, actions, marks: marks.filter(|marks| !marks.is_empty()), guards }
    }

    /// What is written for the guard of a transition that starts at `from`.
    pub(super) fn guard(&self, from: Place, id: TransitionId) -> Option<&'g str> {
        let graph = self.graph(from);
        let guard = graph.transition(id).guard?;
        let words = self.guards.filter(|_| from.sheet == 0).and_then(|words| words.get(&guard));
        let written = words.map_or(graph.guard_name(guard), |words| words);
        (!written.is_empty()).then_some(written)
    }

    /// Whether anything stands out.
    pub(super) fn is_marked(&self) -> bool {
        self.marks.is_some()
    }

    /// Whether something bears this mark.
    pub(super) fn has_mark(&self, mark: Mark) -> bool {
        self.marks.is_some_and(|marks| marks.has(mark))
    }

    /// The mark of a state; only those of the outermost graph bear any.
    pub(super) fn mark(&self, place: Place) -> Option<Mark> {
        self.marks.filter(|_| place.sheet == 0)?.of_state(place.state)
    }

    /// The mark of a transition that starts at `from`.
    pub(super) fn mark_of_edge(&self, from: Place, id: TransitionId) -> Option<Mark> {
        self.marks.filter(|_| from.sheet == 0)?.of_transition(id)
    }

    /// What the marks say of the whole graph.
    pub(super) fn caption(&self) -> &'g [String] {
        self.marks.map_or(&[], |marks| marks.lines_of_caption())
    }

    /// What the mark of a state says besides.
    pub(super) fn note(&self, place: Place) -> Option<&'g str> {
        self.marks.filter(|_| place.sheet == 0)?.note_of_state(place.state)
    }

    /// What the mark of a transition that starts at `from` says besides.
    pub(super) fn note_of_edge(&self, from: Place, id: TransitionId) -> Option<&'g str> {
        self.marks.filter(|_| from.sheet == 0)?.note_of_transition(id)
    }

    /// A label to write this plan's states and transitions with.
    pub(super) fn label(&self) -> Label {
        match self.actions {
            Actions::Shown => Label::default(),
            Actions::LeftOut => Label::without_actions(),
        }
    }

    pub(super) fn graph(&self, place: Place) -> &'g Graph {
        self.sheets[place.sheet].graph
    }

    pub(super) fn kind(&self, place: Place) -> Kind {
        self.graph(place).kind(place.state)
    }

    pub(super) fn id(&self, place: Place) -> Id<'_> {
        let name = self.graph(place).name_of(place.state);
        Id { sheet: place.sheet, index: place.state.index(), name }
    }

    /// Whether `place` is drawn as a frame around others.
    pub(super) fn is_container(&self, place: Place) -> bool {
        let sheet = &self.sheets[place.sheet];
        sheet.inner.contains_key(&place.state) || sheet.children.has(place.state.index())
    }

    /// What is entered with a composite state, a parallel state, or an expanded machine.
    pub(super) fn entries(&self, place: Place) -> impl Iterator<Item = Place> {
        let sheet = &self.sheets[place.sheet];
        let regions = match self.kind(place) {
            Kind::Parallel => sheet.children.of(place.state.index()),
            _ => &[],
        };
        let single = match self.kind(place) {
            Kind::Composite(state) => Some(Place { state, ..place }),
            _ => sheet.inner.get(&place.state).map(|inner| {
                let state = self.sheets[*inner].graph.initial();
                Place { sheet: *inner, state }
            }),
        };
        single.into_iter().chain(regions.iter().map(move |state| Place { state: *state, ..place }))
    }

    /// Whether `inner` lies within `outer`, or is it, on the same sheet.
    pub(super) fn encloses(&self, outer: Place, inner: Place) -> bool {
        if outer.sheet != inner.sheet {
            return false;
        }
        let nesting = &self.sheets[outer.sheet].nesting;
        let (outer, inner) = (nesting[outer.state.index()], nesting[inner.state.index()]);
        (outer.position..outer.position + outer.size).contains(&inner.position)
    }

    /// The last declared state within `place` that is no frame.
    pub(super) fn last_leaf(&self, mut place: Place) -> Place {
        loop {
            let sheet = &self.sheets[place.sheet];
            place.state = sheet.nesting[place.state.index()].last;
            let Some(&inner) = sheet.inner.get(&place.state) else { return place };
            let sheet = &self.sheets[inner];
            place = Place { sheet: inner, state: sheet.last };
        }
    }

    /// Whether a transition leaves all of its source's frame rather than one drawn node.
    pub(super) fn leaves_frame(&self, from: Place, edge: &Transition) -> bool {
        let branch = matches!(self.kind(from), Kind::Fork(_)) && edge.trigger == Trigger::Always;
        !branch && self.is_container(from)
    }

    /// The retry policy of a state, if it allows for any further attempt.
    pub(super) fn retry(&self, place: Place) -> Option<RetryPolicy> {
        self.graph(place).retry(place.state).filter(|policy| policy.count > 0)
    }

    /// Whether something leads from all of the frame `place` back to it or to what it holds.
    pub(super) fn turns_inward(&self, place: Place) -> bool {
        let retries = self.is_container(place) && self.retry(place).is_some();
        retries
            || self.edges_of(place).any(|(_, edge)| {
                let to = Place { state: edge.to, ..place };
                self.leaves_frame(place, edge) && self.encloses(place, to)
            })
    }

    /// The transitions of a state in declared order.
    pub(super) fn edges_of(
        &self,
        place: Place,
    ) -> impl ExactSizeIterator<Item = (TransitionId, &'g Transition)> {
        let sheet = &self.sheets[place.sheet];
        let graph = sheet.graph;
        sheet.edges.of(place.state.index()).iter().map(|id| (*id, graph.transition(*id)))
    }

    /// How many transitions there are on all sheets.
    #[cfg(feature = "svg")]
    pub(super) fn transitions(&self) -> usize {
        self.sheets.iter().map(|sheet| sheet.graph.transitions().len()).sum()
    }

    /// How deep frames lie within one another.
    #[cfg(feature = "svg")]
    pub(super) fn levels(&self) -> usize {
        let (mut open, mut deepest) = (0, 0);
        for step in self.walk() {
            match step {
                Step::Leaf(_) => {}
                Step::Open(_) => open += 1,
                Step::Close => open -= 1,
            }
            deepest = open.max(deepest);
        }
        deepest
    }

    /// All states of all sheets, each sheet's sorted by name.
    pub(super) fn sources(&self) -> impl Iterator<Item = Place> {
        self.sheets.iter().enumerate().flat_map(|(sheet, drawn)| {
            drawn.sorted.iter().map(move |state| Place { sheet, state: *state })
        })
    }

    /// All states, containers around what they hold, siblings sorted by name.
    pub(super) fn walk(&self) -> impl Iterator<Item = Step> {
        let mut open = vec![(None, 0, self.sheets[0].outermost())];
        std::iter::from_fn(move || {
            let (owner, sheet, rest) = open.last_mut()?;
            let sheet = *sheet;
            let Some((&state, behind)) = rest.split_first() else {
                let step = owner.map(|_: Place| Step::Close);
                open.pop();
                return step;
            };
            *rest = behind;
            let place = Place { sheet, state };
            if !self.is_container(place) {
                return Some(Step::Leaf(place));
            }
            let frame = match self.sheets[sheet].inner.get(&state) {
                Some(&inner) => (Some(place), inner, self.sheets[inner].outermost()),
                None => (Some(place), sheet, self.sheets[sheet].children.of(state.index())),
            };
            open.push(frame);
            Some(Step::Open(place))
        })
    }
}

impl<'g> Sheet<'g> {
    /// # Complexity
    /// O(states * log(states) + transitions).
    fn new(graph: &'g Graph) -> Self {
        let count = graph.nodes.len();
        let sorted = sorted_by_name(graph);
        let slot = |state: StateId| graph.parent(state).map_or(count, StateId::index);
        let children = Buckets::new(count + 1, sorted.iter().map(|state| (slot(*state), *state)));
        let numbered = graph.transitions.iter().enumerate();
        let numbered = numbered.map(|(at, edge)| (edge.from.index(), TransitionId::at(at)));
        let edges = Buckets::new(count, numbered);
        let (nesting, last) = nesting(graph, &children);
        Self { graph, children, edges, sorted, nesting, last, inner: BTreeMap::new() }
    }

    fn outermost(&self) -> &[StateId] {
        self.children.of(self.graph.nodes.len())
    }
}

/// Comparing the first eight bytes as one number first keeps most comparisons of a large graph
/// away from the names themselves, which lie scattered in memory.
fn sorted_by_name(graph: &Graph) -> Vec<StateId> {
    let mut keyed: Vec<(u64, StateId)> = graph
        .states()
        .map(|state| {
            let name = graph.name_of(state).as_bytes();
            let mut head = [0; 8];
            let length = name.len().min(8);
            head[..length].copy_from_slice(&name[..length]);
            (u64::from_be_bytes(head), state)
        })
        .collect();
    keyed.sort_unstable_by(|(head, state), (other_head, other)| {
        head.cmp(other_head).then_with(|| graph.name_of(*state).cmp(graph.name_of(*other)))
    });
    keyed.into_iter().map(|(_, state)| state).collect()
}

/// Numbers the states so that a container's number comes before those of all that it holds, and
/// finds each one's last leaf and the last of all.
fn nesting(graph: &Graph, children: &Buckets<StateId>) -> (Vec<Nesting>, StateId) {
    let count = graph.nodes.len();
    let mut order = Vec::with_capacity(count);
    let mut open = children.of(count).to_vec();
    while let Some(state) = open.pop() {
        order.push(state);
        open.extend_from_slice(children.of(state.index()));
    }

    let mut nesting = vec![Nesting { position: 0, size: 1, last: StateId(0) }; count];
    let mut last_of_all = StateId(0);
    for (position, &state) in order.iter().enumerate().rev() {
        let own = &mut nesting[state.index()];
        own.position = u32::try_from(position).expect("a graph has at most u32::MAX states");
        if !children.has(state.index()) {
            own.last = state;
        }
        let Nesting { size, last, .. } = *own;
        last_of_all = last_of_all.max(last);
        if let Some(parent) = graph.parent(state) {
            let around = &mut nesting[parent.index()];
            around.size += size;
            around.last = around.last.max(last);
        }
    }
    (nesting, last_of_all)
}

/// Lists by number in two flat vectors.
struct Buckets<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Buckets<T> {
    /// Keeps the order of `pairs` within each bucket.
    fn new(count: usize, pairs: impl Iterator<Item = (usize, T)> + Clone) -> Self {
        let mut starts = vec![0u32; count + 1];
        for (bucket, _) in pairs.clone() {
            starts[bucket + 1] += 1;
        }
        for bucket in 0..count {
            starts[bucket + 1] += starts[bucket];
        }
        let mut next = starts.clone();
        let mut items: Vec<T> = pairs.clone().map(|(_, item)| item).collect();
        for (bucket, item) in pairs {
            items[next[bucket] as usize] = item;
            next[bucket] += 1;
        }
        Self { starts, items }
    }

    fn of(&self, bucket: usize) -> &[T] {
        &self.items[self.starts[bucket] as usize..self.starts[bucket + 1] as usize]
    }

    fn has(&self, bucket: usize) -> bool {
        self.starts[bucket] < self.starts[bucket + 1]
    }
}
