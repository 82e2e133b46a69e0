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

#[cfg(test)]
mod tests {
    use fsm_testkit::model::{Checker, Model, Property, Verdict};

    use super::{Manners, Next, Philosophers, Seat};

    #[test]
    fn philosophers_who_take_the_left_fork_first_starve_and_the_shortest_way_there_is_shown() {
        let model = Philosophers::<3> { manners: Manners::LeftFirst };
        let report = Checker::new(&model).check();
        let Some(Verdict::Violated(path)) = report.verdict("somebody can go on") else {
            panic!("{report}");
        };
        // Nobody can be spared: each has to be hungry and to take one fork.
        assert_eq!(path.len(), 6);
        assert!(path.last().iter().all(|seat| *seat == Seat::HoldsOne));
        insta::assert_snapshot!(report.to_string());
    }

    #[test]
    fn philosophers_who_take_the_lower_fork_first_never_starve() {
        let model = Philosophers::<5> { manners: Manners::LowerFirst };
        let report = Checker::new(&model).check();
        report.assert_holds();
        assert!(report.is_complete());
    }

    /// The same table, asked about paths.
    struct Hopes(Philosophers<4>);

    impl Model for Hopes {
        type State = [Seat; 4];
        type Action = Next;

        fn initial(&self) -> Vec<[Seat; 4]> {
            self.0.initial()
        }

        fn steps(&self, table: &[Seat; 4], steps: &mut Vec<(Next, [Seat; 4])>) {
            self.0.steps(table, steps);
        }

        fn properties(&self) -> Vec<Property<Self>> {
            vec![
                Property::never_stuck("nobody waits for ever", |_, _| false),
                Property::<Self>::always_possible("the third can eat", |_, table| {
                    table[2] == Seat::Eats
                }),
                Property::<Self>::eventually("the third eats", |_, table| table[2] == Seat::Eats),
            ]
        }

        fn say_step(&self, table: &[Seat; 4], next: &Next) -> String {
            self.0.say_step(table, next)
        }

        fn say_state(&self, table: &[Seat; 4]) -> String {
            self.0.say_state(table)
        }
    }

    #[test]
    fn with_the_left_fork_first_the_hope_to_eat_ends_in_a_dead_end() {
        let report = Checker::new(&Hopes(Philosophers { manners: Manners::LeftFirst })).check();
        for name in ["nobody waits for ever", "the third can eat"] {
            let path = report.verdict(name).and_then(Verdict::path).expect("a counterexample");
            assert!(path.is_dead_end(), "{name}");
            assert_eq!(path.len(), 8, "{name}");
        }
        let path = report.verdict("the third can eat").and_then(Verdict::path);
        assert_eq!(path.and_then(|path| path.lost_at()), Some(8));
    }

    #[test]
    fn with_the_lower_fork_first_all_can_eat_and_yet_the_others_may_keep_one_from_it() {
        let report = Checker::new(&Hopes(Philosophers { manners: Manners::LowerFirst })).check();
        for name in ["nobody waits for ever", "the third can eat"] {
            assert!(matches!(report.verdict(name), Some(Verdict::Holds)), "{name}");
        }
        // The first philosopher thinks, eats, and thinks again.
        let path = report.verdict("the third eats").and_then(Verdict::path).expect("a lasso");
        assert_eq!((path.cycle(), path.len()), (Some(0), 5));
    }
}
