//! The code of a machine that is laid into a state of another, with a context of its own.

use std::sync::Arc;

use super::{Bindings, Machine};

impl<C: 'static, E: 'static> Bindings<C, E> {
    /// Brings the code of `inner` along, whose graph was laid into the state `name` by
    /// [`GraphBuilder::embed`](crate::GraphBuilder::embed).
    ///
    /// The inner machine has a context of its own, kept as a part of this one: `part` finds it,
    /// `part_mut` finds it to be changed. An entry action of the state maps data in, an action of
    /// its `done` transition maps data out. All of it is in one [`Snapshot`](crate::Snapshot).
    ///
    /// What the inner code sees as [`Scene::state`](crate::Scene::state) is a state of the outer
    /// graph.
    ///
    /// ```
    /// use fsm_core::{Bindings, Event, EventKey, Graph, Machine};
    ///
    /// #[derive(Debug)]
    /// struct Coin;
    /// impl Event for Coin {
    ///     fn key(&self) -> EventKey<'_> {
    ///         EventKey::Name("coin")
    ///     }
    /// }
    ///
    /// let mut paying = Graph::builder("paying");
    /// paying.simple("waiting");
    /// paying.final_state("paid");
    /// paying.transition("waiting", "paid").on("coin").guard("last").action("count");
    /// paying.internal("waiting").on("coin").action("count");
    /// let paying = Machine::bind(
    ///     paying.initial("waiting").build()?,
    ///     Bindings::<u32, Coin>::new()
    ///         .guard("last", |missing, _| *missing == 1)
    ///         .action("count", |missing, _| *missing -= 1),
    /// )?;
    ///
    /// struct Shop { price: u32, missing: u32, sold: u32 }
    /// let mut shop = Graph::builder("shop");
    /// shop.embed("pay", paying.graph()).entry("ask the price");
    /// shop.transition("pay", "pay").done().action("sell");
    /// let shop = Machine::bind(
    ///     shop.initial("pay").build()?,
    ///     Bindings::new()
    ///         .embed("pay", &paying, |shop: &Shop| &shop.missing, |shop| &mut shop.missing)
    ///         .action("ask the price", |shop, _| shop.missing = shop.price)
    ///         .action("sell", |shop, _| shop.sold += 1),
    /// )?;
    ///
    /// let mut run = shop.begin(Shop { price: 2, missing: 0, sold: 0 });
    /// let mut effects = fsm_core::Effects::new();
    /// for _ in 0..4 {
    ///     shop.dispatch(&mut run, fsm_core::Timestamp::ZERO, Coin, &mut effects, &mut ())?;
    /// }
    /// assert_eq!(run.context().sold, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn embed<D: 'static>(
        mut self,
        name: &str,
        inner: &Machine<D, E>,
        part: impl Fn(&C) -> &D + Send + Sync + 'static,
        part_mut: impl Fn(&mut C) -> &mut D + Send + Sync + 'static,
    ) -> Self {
        let (part, part_mut) = (Arc::new(part), Arc::new(part_mut));
        let (frozen, graph) = (&inner.frozen, inner.graph());
        for (guard, holds) in graph.guards.iter().zip(&frozen.guards) {
            let (holds, part) = (holds.clone(), part.clone());
            self = self.guard(format!("{name}.{guard}"), move |context, scene| {
                holds(part(context), scene)
            });
        }
        for (action, act) in graph.actions.iter().zip(&frozen.actions) {
            let (act, part_mut) = (act.clone(), part_mut.clone());
            self = self.action(format!("{name}.{action}"), move |context, scene| {
                act(part_mut(context), scene);
            });
        }
        for (activity, start) in graph.activities.iter().zip(&frozen.activities) {
            let (start, part) = (start.clone(), part.clone());
            self = self.activity_boxed(format!("{name}.{activity}"), move |context, visit| {
                start(part(context), visit)
            });
        }
        for (activity, outcome) in graph.activities.iter().zip(&frozen.interrupted) {
            let (Some(outcome), part) = (outcome.clone(), part.clone()) else { continue };
            self = self.interrupted(format!("{name}.{activity}"), move |context, visit| {
                outcome(part(context), visit)
            });
        }
        let names = frozen.table.variants();
        let mut names: Vec<(u64, String)> =
            names.map(|(variant, event)| (variant, graph.event_name(event).to_owned())).collect();
        names.sort_unstable();
        self.variants.extend(names);
        self
    }
}
