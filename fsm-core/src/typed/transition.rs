//! Transitions of machines written with Rust enums. Guard and action are joined into one call
//! while their types are still known; the kernel pays for one.

use std::fmt::Debug;
use std::sync::Arc;

use super::{MachineBuilder, Scene};
use crate::event::Event;
use crate::graph::Trigger;

/// No guard, or no action.
#[derive(Clone, Copy, Debug)]
pub struct Always;

/// A guard over context and event, or none.
pub trait GuardCode<C, E>: Send + Sync + 'static {
    /// Its name, if there is one.
    fn holds(&self, context: &C, event: &E) -> bool;
}

/// An action over context and event, or none.
pub trait ActionCode<C, E>: Send + Sync + 'static {
    /// Acts.
    fn act(&self, context: &mut C, event: &E);
}

impl<C, E> GuardCode<C, E> for Always {
    fn holds(&self, _: &C, _: &E) -> bool {
        true
    }
}

impl<C, E> ActionCode<C, E> for Always {
    fn act(&self, _: &mut C, _: &E) {}
}

impl<C, E, F: Fn(&C, &E) -> bool + Send + Sync + 'static> GuardCode<C, E> for F {
    fn holds(&self, context: &C, event: &E) -> bool {
        self(context, event)
    }
}

/// An action as a closure; apart from [`Always`] by its type.
#[derive(Debug)]
pub struct Act<F>(F);

impl<C, E, F: Fn(&mut C, &E) + Send + Sync + 'static> ActionCode<C, E> for Act<F> {
    fn act(&self, context: &mut C, event: &E) {
        (self.0)(context, event);
    }
}

/// A transition on an event that is being written; [`to`](Self::to) ends it.
#[must_use = "a transition is written by `to`"]
#[derive(Debug)]
pub struct OnEvent<S, C, E, G = Always, A = Always> {
    builder: MachineBuilder<S, C, E>,
    from: String,
    trigger: Trigger,
    guard: Option<(String, G)>,
    action: Option<(String, A)>,
}

impl<S: Debug, C: 'static, E: Event + Debug + 'static> OnEvent<S, C, E> {
    pub(super) fn new(builder: MachineBuilder<S, C, E>, from: String, trigger: Trigger) -> Self {
        Self { builder, from, trigger, guard: None, action: None }
    }
}

impl<S, C, E, A> OnEvent<S, C, E, Always, A>
where
    S: Debug,
    C: 'static,
    E: Event + Debug + 'static,
{
    /// Takes the transition only if `holds`; `name` is what is drawn.
    pub fn when<G>(self, name: &str, holds: G) -> OnEvent<S, C, E, G, A>
    where
        G: Fn(&C, &E) -> bool + Send + Sync + 'static,
    {
        let OnEvent { builder, from, trigger, action, .. } = self;
        OnEvent { builder, from, trigger, guard: Some((name.to_owned(), holds)), action }
    }
}

impl<S, C, E, G> OnEvent<S, C, E, G, Always>
where
    S: Debug,
    C: 'static,
    E: Event + Debug + 'static,
{
    /// Acts when the transition is taken; `name` is what is drawn.
    pub fn then<A>(self, name: &str, act: A) -> OnEvent<S, C, E, G, Act<A>>
    where
        A: Fn(&mut C, &E) + Send + Sync + 'static,
    {
        let OnEvent { builder, from, trigger, guard, .. } = self;
        OnEvent { builder, from, trigger, guard, action: Some((name.to_owned(), Act(act))) }
    }
}

impl<S, C, E, G, A> OnEvent<S, C, E, G, A>
where
    S: Debug,
    C: 'static,
    E: Event + Debug + 'static,
    G: GuardCode<C, E>,
    A: ActionCode<C, E>,
{
    /// Says where it leads, and writes it down.
    #[must_use]
    pub fn to(self, state: S) -> MachineBuilder<S, C, E> {
        let OnEvent { mut builder, from, trigger, guard, action } = self;
        let to = builder.mention(state);
        let mut written = builder.graph.transition(&from, &to).trigger(trigger);
        if let Some((name, _)) = &guard {
            written = written.guard(name);
        }
        if let Some((name, _)) = &action {
            written = written.action(name);
        }
        let id = written.id();
        let (guard, action) = (guard.map(shared), action.map(shared));
        if let Some((name, code)) = &guard {
            builder.claim::<G>("guard", name);
            let code = code.clone();
            builder.bindings = builder.bindings.guard(name.clone(), move |context, scene| {
                scene.event.is_some_and(|event| code.holds(context, event))
            });
        }
        if let Some((name, code)) = &action {
            builder.claim::<A>("action", name);
            let code = code.clone();
            builder.bindings = builder.bindings.action(name.clone(), move |context, scene| {
                if let Some(event) = scene.event {
                    code.act(context, event);
                }
            });
        }
        let fused: Option<crate::machine::FusedFn<C, E>> = match (guard, action) {
            (None, None) => None,
            (Some((_, guard)), None) => Some(Box::new(move |c, e, _, _| guard.holds(c, e))),
            (None, Some((_, action))) => Some(Box::new(move |c, e, _, _| {
                action.act(c, e);
                true
            })),
            (Some((_, guard)), Some((_, action))) => Some(Box::new(move |c, e, _, _| {
                let holds = guard.holds(c, e);
                if holds {
                    action.act(c, e);
                }
                holds
            })),
        };
        if let Some(fused) = fused {
            builder.fused.insert(id, fused);
        }
        builder
    }
}

fn shared<T>((name, code): (String, T)) -> (String, Arc<T>) {
    (name, Arc::new(code))
}

/// A transition without an event of its own that is being written; [`to`](Self::to) ends it.
#[must_use = "a transition is written by `to`"]
#[derive(Debug)]
pub struct OnOutcome<S, C, E> {
    builder: MachineBuilder<S, C, E>,
    from: String,
    trigger: Trigger,
    guard: Option<String>,
    actions: Vec<String>,
}

impl<S: Debug, C: 'static, E: Event + Debug + 'static> OnOutcome<S, C, E> {
    pub(super) fn new(builder: MachineBuilder<S, C, E>, from: String, trigger: Trigger) -> Self {
        Self { builder, from, trigger, guard: None, actions: Vec::new() }
    }

    /// Takes the transition only if `holds`; `name` is what is drawn.
    pub fn when<G>(mut self, name: &str, holds: G) -> Self
    where
        G: Fn(&C, &Scene<'_, E>) -> bool + Send + Sync + 'static,
    {
        self.builder.claim::<G>("guard", name);
        self.builder.bindings = self.builder.bindings.guard(name, holds);
        self.guard = Some(name.to_owned());
        self
    }

    /// Acts when the transition is taken; `name` is what is drawn.
    pub fn then<A>(mut self, name: &str, act: A) -> Self
    where
        A: Fn(&mut C, &Scene<'_, E>) + Send + Sync + 'static,
    {
        self.builder.claim::<A>("action", name);
        self.builder.bindings = self.builder.bindings.action(name, act);
        self.actions.push(name.to_owned());
        self
    }

    /// Says where it leads, and writes it down.
    #[must_use]
    pub fn to(self, state: S) -> MachineBuilder<S, C, E> {
        let OnOutcome { mut builder, from, trigger, guard, actions } = self;
        let to = builder.mention(state);
        let written = builder.graph.transition(&from, &to).trigger(trigger);
        let guarded = match &guard {
            Some(guard) => written.guard(guard),
            None => written,
        };
        actions.iter().fold(guarded, |written, action| written.action(action));
        builder
    }
}
