//! Transitions of machines written with Rust enums. Guard and actions are joined into one call
//! while their types are still known; the kernel pays for one.

use std::fmt::{self, Debug};
use std::sync::Arc;

use super::MachineBuilder;
use crate::event::Event;
use crate::graph::{TransitionId, Trigger};
use crate::kernel::Scene;
use crate::machine::Fuse;

/// No guard, or no action.
#[derive(Clone, Copy, Debug)]
pub struct Always;

/// A guard over context and event, or none.
pub trait GuardCode<C, E>: Send + Sync + 'static {
    /// Whether the transition may be taken.
    fn holds(&self, context: &C, event: &E) -> bool;
}

/// Actions over context and event, or none.
pub trait ActionCode<C, E>: Send + Sync + 'static {
    /// Acts.
    fn act(&self, context: &mut C, event: &E);
}

impl<C, E> GuardCode<C, E> for Always {
    #[inline(always)]
    fn holds(&self, _: &C, _: &E) -> bool {
        true
    }
}

impl<C, E> ActionCode<C, E> for Always {
    #[inline(always)]
    fn act(&self, _: &mut C, _: &E) {}
}

/// A guard as a closure.
pub struct If<F>(Arc<F>);

impl<C, E, F: Fn(&C, &E) -> bool + Send + Sync + 'static> GuardCode<C, E> for If<F> {
    #[inline(always)]
    fn holds(&self, context: &C, event: &E) -> bool {
        (self.0)(context, event)
    }
}

/// Some actions, and then one more as a closure.
pub struct Then<A, F>(A, Arc<F>);

impl<C, E, A, F> ActionCode<C, E> for Then<A, F>
where
    A: ActionCode<C, E>,
    F: Fn(&mut C, &E) + Send + Sync + 'static,
{
    #[inline(always)]
    fn act(&self, context: &mut C, event: &E) {
        self.0.act(context, event);
        (self.1)(context, event);
    }
}

/// What a transition has by name.
#[derive(Debug)]
struct Draft {
    from: String,
    trigger: Trigger,
    guard: Option<String>,
    actions: Vec<String>,
}

impl Draft {
    fn new(from: String, trigger: Trigger) -> Self {
        Self { from, trigger, guard: None, actions: Vec::new() }
    }

    /// Writes the transition down; without a target it is an internal one.
    fn write<S: Debug, C, E>(
        self,
        builder: &mut MachineBuilder<S, C, E>,
        targets: impl IntoIterator<Item = S>,
    ) -> TransitionId {
        let targets: Vec<String> = targets.into_iter().map(|state| builder.name(state)).collect();
        let mut written = match targets.split_first() {
            None => builder.graph.internal(&self.from),
            Some((to, others)) => {
                let written = builder.graph.transition(&self.from, to);
                others.iter().fold(written, |written, other| written.also(other))
            }
        };
        written = written.trigger(self.trigger);
        if let Some(guard) = &self.guard {
            written = written.guard(guard);
        }
        self.actions.iter().fold(written, |written, action| written.action(action)).id()
    }
}

/// A transition on an event that is being written; [`to`](Self::to), [`to_each`](Self::to_each),
/// or [`stay`](Self::stay) ends it.
#[must_use = "a transition is written by `to`, `to_each`, or `stay`"]
pub struct OnEvent<S, C, E, G = Always, A = Always> {
    builder: MachineBuilder<S, C, E>,
    draft: Draft,
    guard: Arc<G>,
    actions: Arc<A>,
}

impl<S, C, E> OnEvent<S, C, E> {
    pub(super) fn new(builder: MachineBuilder<S, C, E>, from: String, trigger: Trigger) -> Self {
        let draft = Draft::new(from, trigger);
        Self { builder, draft, guard: Arc::new(Always), actions: Arc::new(Always) }
    }
}

impl<S, C: 'static, E: Event + 'static, A> OnEvent<S, C, E, Always, A> {
    /// Takes the transition only if `holds`; `name` is what is drawn.
    pub fn when<F>(mut self, name: &str, holds: F) -> OnEvent<S, C, E, If<F>, A>
    where
        F: Fn(&C, &E) -> bool + Send + Sync + 'static,
    {
        let holds = Arc::new(holds);
        let code = holds.clone();
        self.builder.bind_guard::<F>(name, move |context, scene| {
            scene.event.is_some_and(|event| code(context, event))
        });
        self.draft.guard = Some(name.to_owned());
        let OnEvent { builder, draft, actions, .. } = self;
        OnEvent { builder, draft, guard: Arc::new(If(holds)), actions }
    }
}

impl<S, C: 'static, E: Event + 'static, G, A> OnEvent<S, C, E, G, A>
where
    A: ActionCode<C, E> + Clone,
{
    /// Acts when the transition is taken, after what it does already; `name` is what is drawn.
    pub fn then<F>(mut self, name: &str, act: F) -> OnEvent<S, C, E, G, Then<A, F>>
    where
        F: Fn(&mut C, &E) + Send + Sync + 'static,
    {
        let act = Arc::new(act);
        let code = act.clone();
        self.builder.bind_action::<F>(name, move |context, scene| {
            if let Some(event) = scene.event {
                code(context, event);
            }
        });
        self.draft.actions.push(name.to_owned());
        let OnEvent { builder, draft, guard, actions } = self;
        OnEvent { builder, draft, guard, actions: Arc::new(Then((*actions).clone(), act)) }
    }
}

impl<A: Clone, F> Clone for Then<A, F> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone())
    }
}

impl<S, C, E, G, A> OnEvent<S, C, E, G, A>
where
    S: Debug,
    C: 'static,
    E: Event + 'static,
    G: GuardCode<C, E>,
    A: ActionCode<C, E>,
{
    /// Leads to `state`. Where that is the state it comes from, the state is left and entered
    /// again.
    #[must_use]
    pub fn to(self, state: S) -> MachineBuilder<S, C, E> {
        self.write([state])
    }

    /// Leads to several states at once, each in a region of its own; regions that are not named
    /// begin as ever.
    #[must_use]
    pub fn to_each(mut self, states: impl IntoIterator<Item = S>) -> MachineBuilder<S, C, E> {
        let states = self.builder.at_least_one(&self.draft.from, states);
        self.write(states)
    }

    /// Leads nowhere: it acts, and the state is neither left nor entered. Entry and exit actions
    /// do not run, timers and work under way go on.
    #[must_use]
    pub fn stay(self) -> MachineBuilder<S, C, E> {
        self.write([])
    }

    fn write(self, targets: impl IntoIterator<Item = S>) -> MachineBuilder<S, C, E> {
        let OnEvent { mut builder, draft, guard, actions } = self;
        let id = draft.write(&mut builder, targets);
        let fuse: Fuse<C, E> = Box::new(move || {
            let (guard, actions) = (guard.clone(), actions.clone());
            Box::new(move |context, event, _, _, _| {
                let holds = guard.holds(context, event);
                if holds {
                    actions.act(context, event);
                }
                holds
            })
        });
        builder.fused.insert(id, fuse);
        builder
    }
}

/// A transition without an event of its own that is being written; [`to`](Self::to),
/// [`to_each`](Self::to_each), or [`stay`](Self::stay) ends it.
///
/// Guards and actions see the [`Scene`]: what an activity gave is its `event`.
#[must_use = "a transition is written by `to`, `to_each`, or `stay`"]
pub struct OnOutcome<S, C, E, G = Always> {
    builder: MachineBuilder<S, C, E>,
    draft: Draft,
    guard: std::marker::PhantomData<G>,
}

impl<S, C: 'static, E: Event + 'static> OnOutcome<S, C, E> {
    pub(super) fn new(builder: MachineBuilder<S, C, E>, from: String, trigger: Trigger) -> Self {
        Self { builder, draft: Draft::new(from, trigger), guard: std::marker::PhantomData }
    }

    /// Takes the transition only if `holds`; `name` is what is drawn.
    pub fn when<F>(mut self, name: &str, holds: F) -> OnOutcome<S, C, E, If<F>>
    where
        F: Fn(&C, &Scene<'_, E>) -> bool + Send + Sync + 'static,
    {
        self.builder.bind_guard::<F>(name, holds);
        self.draft.guard = Some(name.to_owned());
        let OnOutcome { builder, draft, .. } = self;
        OnOutcome { builder, draft, guard: std::marker::PhantomData }
    }
}

impl<S: Debug, C: 'static, E: Event + 'static, G> OnOutcome<S, C, E, G> {
    /// Acts when the transition is taken, after what it does already; `name` is what is drawn.
    pub fn then<F>(mut self, name: &str, act: F) -> Self
    where
        F: Fn(&mut C, &Scene<'_, E>) + Send + Sync + 'static,
    {
        self.builder.bind_action::<F>(name, act);
        self.draft.actions.push(name.to_owned());
        self
    }

    /// Leads to `state`.
    #[must_use]
    pub fn to(mut self, state: S) -> MachineBuilder<S, C, E> {
        self.draft.write(&mut self.builder, [state]);
        self.builder
    }

    /// Leads to several states at once, each in a region of its own; regions that are not named
    /// begin as ever.
    #[must_use]
    pub fn to_each(mut self, states: impl IntoIterator<Item = S>) -> MachineBuilder<S, C, E> {
        let states = self.builder.at_least_one(&self.draft.from, states);
        self.draft.write(&mut self.builder, states);
        self.builder
    }

    /// Leads nowhere: it acts, and the state is neither left nor entered. That is for timers; what
    /// is done, failed, or timed out has to go on.
    #[must_use]
    pub fn stay(mut self) -> MachineBuilder<S, C, E> {
        self.draft.write(&mut self.builder, []);
        self.builder
    }
}

impl<S, C, E, G, A> Debug for OnEvent<S, C, E, G, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnEvent").field("draft", &self.draft).finish_non_exhaustive()
    }
}

impl<S, C, E, G> Debug for OnOutcome<S, C, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnOutcome").field("draft", &self.draft).finish_non_exhaustive()
    }
}
