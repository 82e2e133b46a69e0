//! Dining philosophers: who takes which fork first decides whether they starve.

use fsm_testkit::model::{Model, Property};

/// `N` philosophers at a round table. Fork `i` lies left of philosopher `i`.
pub(crate) struct Philosophers<const N: usize> {
    pub manners: Manners,
}

/// Which fork is taken first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// The left one.
    LeftFirst,
    /// The one with the lower number.
    LowerFirst,
}

/// What a philosopher is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Seat {
    Thinks,
    IsHungry,
    HoldsOne,
    Eats,
    /// Has put the second fork down, and holds the first.
    Leaves,
}

/// The philosopher with this number does what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next(pub usize);

impl<const N: usize> Philosophers<N> {
    fn forks(&self, philosopher: usize) -> (usize, usize) {
        let (left, right) = (philosopher, (philosopher + 1) % N);
        match self.manners {
            Manners::LeftFirst => (left, right),
            Manners::LowerFirst => (left.min(right), left.max(right)),
        }
    }

    fn is_free(&self, fork: usize, table: &[Seat; N]) -> bool {
        let neighbours = [fork, (fork + N - 1) % N];
        neighbours.into_iter().all(|philosopher| match table[philosopher] {
            Seat::Thinks | Seat::IsHungry => true,
            Seat::HoldsOne | Seat::Leaves => self.forks(philosopher).0 != fork,
            Seat::Eats => false,
        })
    }

    pub(crate) fn can(&self, table: &[Seat; N], Next(philosopher): Next) -> bool {
        let (first, second) = self.forks(philosopher);
        match table[philosopher] {
            Seat::Thinks | Seat::Eats | Seat::Leaves => true,
            Seat::IsHungry => self.is_free(first, table),
            Seat::HoldsOne => self.is_free(second, table),
        }
    }

    pub(crate) fn after(&self, table: &[Seat; N], Next(philosopher): Next) -> [Seat; N] {
        let mut table = *table;
        let seat = &mut table[philosopher];
        *seat = match seat {
            Seat::Thinks => Seat::IsHungry,
            Seat::IsHungry => Seat::HoldsOne,
            Seat::HoldsOne => Seat::Eats,
            Seat::Eats => Seat::Leaves,
            Seat::Leaves => Seat::Thinks,
        };
        table
    }

    pub(crate) fn is_stuck(&self, table: &[Seat; N]) -> bool {
        (0..N).all(|philosopher| !self.can(table, Next(philosopher)))
    }

    pub(crate) fn are_neighbours_eating(table: &[Seat; N]) -> bool {
        (0..N).any(|it| table[it] == Seat::Eats && table[(it + 1) % N] == Seat::Eats)
    }
}

impl<const N: usize> Model for Philosophers<N> {
    type State = [Seat; N];
    type Action = Next;

    fn initial(&self) -> Vec<[Seat; N]> {
        vec![[Seat::Thinks; N]]
    }

    fn steps(&self, table: &[Seat; N], steps: &mut Vec<(Next, [Seat; N])>) {
        let possible = (0..N).map(Next).filter(|next| self.can(table, *next));
        steps.extend(possible.map(|next| (next, self.after(table, next))));
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("neighbours never eat at once", |_, table| {
                !Self::are_neighbours_eating(table)
            }),
            Property::always("somebody can go on", |model: &Self, table| !model.is_stuck(table)),
        ]
    }

    fn say_step(&self, table: &[Seat; N], Next(philosopher): &Next) -> String {
        let (first, second) = self.forks(*philosopher);
        let does = match table[*philosopher] {
            Seat::Thinks => "becomes hungry".to_owned(),
            Seat::IsHungry => format!("takes fork {first}"),
            Seat::HoldsOne => format!("takes fork {second}"),
            Seat::Eats => format!("puts fork {second} down"),
            Seat::Leaves => format!("puts fork {first} down"),
        };
        format!("philosopher {philosopher} {does}")
    }

    fn say_state(&self, table: &[Seat; N]) -> String {
        let free = (0..N).filter(|fork| self.is_free(*fork, table));
        format!("on the table: {:?}", free.collect::<Vec<_>>())
    }
}
