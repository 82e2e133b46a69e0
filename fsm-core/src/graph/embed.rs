//! Laying a whole graph into a state of another: a machine within a machine that is drawn,
//! checked, saved, and restored with the one around it.

use super::{ActivityId, Extras, Graph, GraphBuilder, GraphFault, Kind, StateBuilder, StateId};

impl GraphBuilder {
    /// Declares a composite state `name` that holds all of `inner`: its state `idle` becomes
    /// `NAME.idle`, and likewise its guards, actions, and activities; its events keep their names.
    /// A final state of `inner` ends the composite state, whose `done` transition is then taken.
    ///
    /// [`Bindings::embed`](crate::Bindings::embed) brings the code of an inner machine along, with a
    /// context of its own.
    ///
    /// A limit on concurrent activities holds for a whole run, so an inner graph can't have one. And
    /// the composite state begins where `inner` does: an initial state of `inner` that lies in
    /// another state has to be where that one begins by itself.
    ///
    /// ```
    /// use fsm_core::Graph;
    ///
    /// let mut lamp = Graph::builder("lamp");
    /// lamp.transition("off", "on").on("press");
    /// lamp.transition("on", "burnt").on("press");
    /// lamp.simple("off");
    /// lamp.simple("on");
    /// lamp.final_state("burnt");
    /// let lamp = lamp.initial("off").build()?;
    ///
    /// let mut desk = Graph::builder("desk");
    /// desk.embed("lamp", &lamp);
    /// desk.final_state("dark");
    /// desk.transition("lamp", "dark").done();
    /// let desk = desk.initial("lamp").build()?;
    /// assert!(desk.state("lamp.off").is_some());
    /// # Ok::<(), fsm_core::GraphFaults>(())
    /// ```
    ///
    /// # Complexity
    /// O(states + transitions of `inner`).
    pub fn embed(&mut self, name: &str, inner: &Graph) -> StateBuilder<'_> {
        let prefixed = |part: &str| format!("{name}.{part}");
        let states: Vec<StateId> =
            inner.names.iter().map(|state| self.reference(&prefixed(state))).collect();
        let begin = inner.ancestors(inner.initial).last().unwrap_or(inner.initial);
        let outer = self.composite(name, states[begin.index()]).id();
        if !begins_with(inner, begin) {
            self.fault(GraphFault::DeepInitial {
                state: name.to_owned(),
                graph: inner.name().to_owned(),
                initial: inner.name_of(inner.initial).to_owned(),
                outermost: inner.name_of(begin).to_owned(),
            });
        }
        if inner.max_concurrent.is_some() {
            self.fault(GraphFault::BadEmbedding {
                state: name.to_owned(),
                graph: inner.name().to_owned(),
            });
        }
        for state in inner.by_region() {
            let node = inner.nodes[state.index()];
            let kind = match node.kind {
                Kind::Activity(activity) => Kind::Activity(self.adopt(inner, activity, name)),
                Kind::Machine(activity) => Kind::Machine(self.adopt(inner, activity, name)),
                Kind::Fork(join) => Kind::Fork(join.map(|join| states[join.index()])),
                Kind::Composite(initial) => Kind::Composite(states[initial.index()]),
                Kind::Simple
                | Kind::Choice
                | Kind::Join(_)
                | Kind::Delay(_)
                | Kind::Signal
                | Kind::Parallel
                | Kind::Final => node.kind,
            };
            let parent = node.parent.map_or(outer, |parent| states[parent.index()]);
            let mut declared = self.declare(&prefixed(inner.name_of(state)), kind).within(parent);
            if let Some(Extras { entry, exit, retry, timeout }) = inner.extras.get(&state).copied()
            {
                for action in inner.sequence(entry) {
                    declared = declared.entry(&prefixed(inner.action_name(*action)));
                }
                for action in inner.sequence(exit) {
                    declared = declared.exit(&prefixed(inner.action_name(*action)));
                }
                if let Some(policy) = retry {
                    declared = declared.retry(policy);
                }
                if let Some(limit) = timeout {
                    declared.timeout(limit);
                }
            }
            if let Some(machine) = inner.inner(state) {
                self.hold(states[state.index()], machine.clone());
            }
        }
        for (id, edge) in inner.transitions() {
            let trigger = match edge.trigger() {
                super::Trigger::Event(event) => {
                    super::Trigger::Event(self.event_id(inner.event_name(event)))
                }
                other => other,
            };
            let (from, to) = (states[edge.from().index()], states[edge.to().index()]);
            let mut written = self.transition(from, to).trigger(trigger);
            if edge.is_internal() {
                written = written.stays();
            }
            for also in inner.also(id) {
                written = written.also(states[also.index()]);
            }
            if let Some(guard) = edge.guard() {
                written = written.guard(&prefixed(inner.guard_name(guard)));
            }
            for action in inner.actions_of(edge) {
                written = written.action(&prefixed(action));
            }
        }
        self.again(outer)
    }

    fn adopt(&mut self, inner: &Graph, activity: ActivityId, name: &str) -> ActivityId {
        self.activity_id(&format!("{name}.{}", inner.activity_name(activity)))
    }
}

/// Whether entering `outermost` by name is entering `graph`'s initial state, which lies within it or
/// is it: each state around that one begins with the next.
fn begins_with(graph: &Graph, outermost: StateId) -> bool {
    let mut within = graph.initial;
    while within != outermost {
        let Some(outer) = graph.parent(within) else { return false };
        let is_first = match graph.kind(outer) {
            Kind::Composite(initial) => initial == within,
            kind => kind == Kind::Parallel,
        };
        if !is_first {
            return false;
        }
        within = outer;
    }
    true
}
