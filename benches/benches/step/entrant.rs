//! A contestant of this bench: a machine, and the deeds that it is told.

use std::fmt::{Debug, Write as _};
use std::hint::black_box;

use fsm_benches::race::{Contestant, Rounds, Times, nanos_each, race};
use fsm_benches::table::{Limit, Table};

/// One way to write the machine; `R` is what it remembers at the end.
pub(crate) struct Entrant<'a, R> {
    deeds: usize,
    /// Makes a machine and tells it so many deeds.
    run: Box<dyn Fn(usize) -> Lap<R> + 'a>,
}

struct Lap<R> {
    nanos: f64,
    result: R,
}

impl<'a, R> Entrant<'a, R> {
    /// A machine that is made by `start`, told `deeds` by `step`, and asked at the end by `result`.
    /// There is one loop, into which all of it is inlined, and the machine is a local variable.
    pub(crate) fn new<M, D>(
        deeds: &'a [D],
        start: impl Fn() -> M + 'a,
        step: impl Fn(&mut M, &D) -> bool + 'a,
        result: impl Fn(&M) -> R + 'a,
    ) -> Self {
        let run = move |count: usize| {
            let mut machine = start();
            let nanos = nanos_each(count, || {
                for deed in &deeds[..count] {
                    black_box(step(&mut machine, deed));
                }
            });
            Lap { nanos, result: result(&machine) }
        };
        Self { deeds: deeds.len(), run: Box::new(run) }
    }

    fn nanos(&self) -> f64 {
        (self.run)(self.deeds).nanos
    }

    /// How often the deeds allocate, beyond what making the machine does.
    fn allocations(&self) -> u64 {
        let [all, none] = [self.deeds, 0]
            .map(|count| allocation_counter::measure(|| drop((self.run)(count))).count_total);
        all - none
    }
}

/// The deeds of one race, and what ours is held to.
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    pub(crate) limit: Limit,
}

/// Who races: ours, the `match`, and the peers, each with its lines of code.
pub(crate) struct Field<const N: usize> {
    title: &'static str,
    entrants: [(&'static str, usize); N],
    compared: Table,
    streams: Vec<(&'static str, [f64; N])>,
}

impl<const N: usize> Field<N> {
    pub(crate) fn new(title: &'static str, entrants: [(&'static str, usize); N]) -> Self {
        Self { title, entrants, compared: Table::new(title, "ns"), streams: Vec::new() }
    }

    /// Lets all of them take turns; ours is the first, the `match` the second.
    ///
    /// # Panics
    /// If one of them does not end as the `match` does, or allocates.
    pub(crate) fn race<R: Debug + PartialEq>(
        &mut self,
        stream: Stream,
        entrants: [Entrant<'_, R>; N],
    ) {
        let result = |entrant: &Entrant<'_, R>| (entrant.run)(entrant.deeds).result;
        let expected = result(&entrants[1]);
        for ((name, _), entrant) in self.entrants.iter().zip(&entrants) {
            assert_eq!(result(entrant), expected, "{name} is not the machine of the others");
            assert_eq!(entrant.allocations(), 0, "{name} allocates");
        }
        let mut names = self.entrants.iter().map(|(name, _)| *name);
        let contestants = entrants
            .each_ref()
            .map(|it| Contestant::new(names.next().expect("a name"), || it.nanos()));
        let times: [Times; N] = race(Rounds::measured(41), contestants);
        for (index, peer) in times.iter().enumerate().skip(1) {
            let limit = if index == 1 { stream.limit } else { Limit::Free };
            self.compared.compare(stream.name, &times[0], peer, limit);
        }
        self.streams.push((stream.name, times.map(|times| times.median())));
    }

    /// Prints the comparison, and the whole field in Markdown.
    pub(crate) fn print(&self) {
        // The tables are what the program is for.
        #[allow(clippy::print_stdout)]
        {
            println!("{}", self.markdown());
        }
        self.compared.print();
    }

    fn markdown(&self) -> String {
        let mut text = format!("| {} | lines |", self.title);
        let mut rule = String::from("|---|--:|");
        for (name, _) in &self.streams {
            // Writing to a string never fails.
            let _ = write!(text, " {name} |");
            rule.push_str("--:|");
        }
        text = format!("{text}\n{rule}\n");
        for (index, (name, lines)) in self.entrants.iter().enumerate() {
            let _ = write!(text, "| {name} | {lines} |");
            for (_, nanos) in &self.streams {
                let _ = write!(text, " {:.1} ns |", nanos[index]);
            }
            text.push('\n');
        }
        text
    }
}
