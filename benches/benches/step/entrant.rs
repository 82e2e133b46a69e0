//! A contestant of this bench: a machine, and the deeds that it is told.

use std::fmt::{Debug, Write as _};
use std::hint::black_box;

use fsm_benches::race::{Contestant, Rounds, Times, nanos_each, race};
use fsm_benches::table::{Limit, Table};

/// One way to write the machine; `R` is what it remembers at the end.
pub(crate) struct Entrant<'a, R> {
    run: Box<dyn Fn() -> Lap<R> + 'a>,
}

/// All deeds told once.
struct Lap<R> {
    nanos: f64,
    allocations: u64,
    result: R,
}

impl<'a, R> Entrant<'a, R> {
    /// A machine that is made by `start`, told `deeds` by `step`, and asked at the end by `result`.
    /// There is one loop, into which all of it is inlined.
    pub(crate) fn new<M, D>(
        deeds: &'a [D],
        start: impl Fn() -> M + 'a,
        step: impl Fn(&mut M, &D) -> bool + 'a,
        result: impl Fn(&M) -> R + 'a,
    ) -> Self {
        let run = move || {
            let mut machine = start();
            let mut nanos = 0.0;
            let counted = allocation_counter::measure(|| {
                nanos = nanos_each(deeds.len(), || {
                    for deed in deeds {
                        black_box(step(&mut machine, deed));
                    }
                });
            });
            Lap { nanos, allocations: counted.count_total, result: result(&machine) }
        };
        Self { run: Box::new(run) }
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
        let expected = (entrants[1].run)().result;
        for ((name, _), entrant) in self.entrants.iter().zip(&entrants) {
            let lap = (entrant.run)();
            assert_eq!(lap.result, expected, "{name} is not the machine of the others");
            assert_eq!(lap.allocations, 0, "{name} allocates");
        }
        let mut names = self.entrants.iter().map(|(name, _)| *name);
        let contestants = entrants
            .each_ref()
            .map(|it| Contestant::new(names.next().expect("a name"), || (it.run)().nanos));
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
