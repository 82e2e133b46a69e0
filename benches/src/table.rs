//! The table that a bench prints: ours, the peer, the limit, and whether it is kept.

use std::fmt::Write as _;

use crate::race::{Times, is_measured};

/// What a row is held to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// At most so much.
    AtMost(f64),
    /// At most so much more than the peer.
    Above(f64),
    /// At most so many times as much as the peer.
    Times(f64),
    /// Nothing: the row is there to be read.
    Free,
}

/// One comparison.
#[derive(Clone, Debug)]
struct Row {
    what: String,
    ours: f64,
    peer: Option<(&'static str, f64)>,
    above: Option<f64>,
    times: Option<f64>,
    limit: Limit,
}

impl Row {
    /// What is compared with the limit, and the limit; `None` where there is none.
    fn held(&self) -> Option<(f64, f64)> {
        match self.limit {
            Limit::AtMost(limit) => Some((self.ours, limit)),
            Limit::Above(limit) => self.above.map(|above| (above, limit)),
            Limit::Times(limit) => self.times.map(|times| (times, limit)),
            Limit::Free => None,
        }
    }

    fn cells(&self, unit: &str) -> [String; 7] {
        let number = |value: f64| format!("{value:.2}");
        let verdict = match self.held() {
            None => "",
            Some((value, limit)) if value <= limit => "ok",
            Some(_) => "OVER",
        };
        let limit = match self.limit {
            Limit::AtMost(limit) => format!("{limit} {unit}"),
            Limit::Above(limit) => format!("+{limit} {unit}"),
            Limit::Times(limit) => format!("{limit:.2}x"),
            Limit::Free => String::new(),
        };
        let peer = |(name, value): (&str, f64)| format!("{} {name}", number(value));
        [
            self.what.clone(),
            number(self.ours),
            self.peer.map(peer).unwrap_or_default(),
            self.above.map(|above| format!("{above:+.2}")).unwrap_or_default(),
            self.times.map(|times| format!("{times:.2}x")).unwrap_or_default(),
            limit,
            verdict.to_owned(),
        ]
    }
}

/// Rows about one topic.
#[derive(Debug)]
pub struct Table {
    title: &'static str,
    unit: &'static str,
    rows: Vec<Row>,
}

impl Table {
    /// An empty table; all its numbers are in `unit`.
    pub fn new(title: &'static str, unit: &'static str) -> Self {
        Self { title, unit, rows: Vec::new() }
    }

    /// Compares `ours` with `peer`.
    pub fn compare(&mut self, what: impl Into<String>, ours: &Times, peer: &Times, limit: Limit) {
        self.rows.push(Row {
            what: what.into(),
            ours: ours.median(),
            peer: Some((peer.name, peer.median())),
            above: Some(ours.above(peer)),
            times: Some(ours.times(peer)),
            limit,
        });
    }

    /// A number that has no peer; a limit that speaks of one can't be held.
    pub fn alone(&mut self, what: impl Into<String>, ours: f64, limit: Limit) {
        let (peer, above, times) = (None, None, None);
        self.rows.push(Row { what: what.into(), ours, peer, above, times, limit });
    }

    /// Prints the table. With `--hold` among the program's arguments, a limit that is passed ends
    /// it with status 1; without, a busy machine fails no build.
    pub fn print(&self) {
        // The table is what the program is for.
        #[allow(clippy::print_stdout)]
        {
            println!("{}", self.render());
        }
        let holds = is_measured() && std::env::args().any(|argument| argument == "--hold");
        if holds && self.is_over() {
            std::process::exit(1);
        }
    }

    fn is_over(&self) -> bool {
        self.rows.iter().filter_map(Row::held).any(|(value, limit)| value > limit)
    }

    fn render(&self) -> String {
        let heads = ["", "ours", "peer", "more", "ratio", "limit", ""].map(str::to_owned);
        let mut lines = vec![heads];
        lines.extend(self.rows.iter().map(|row| row.cells(self.unit)));
        let mut widths = [0; 7];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = format!("{} [{}, medians]\n", self.title, self.unit);
        for line in &lines {
            let mut padded = format!("{:<1$}", line[0], widths[0]);
            for (cell, width) in line.iter().zip(widths).skip(1) {
                // Writing to a string never fails.
                let _ = write!(padded, "  {cell:>width$}");
            }
            text.push_str(padded.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Limit, Table};
    use crate::race::Times;

    #[test]
    fn a_row_is_over_where_what_its_limit_speaks_of_is_more_than_the_limit() {
        let ours = Times::of("ours", vec![12.0]);
        let peer = Times::of("peer", vec![10.0]);
        for (limit, over) in [
            (Limit::AtMost(12.0), false),
            (Limit::AtMost(11.9), true),
            (Limit::Above(2.0), false),
            (Limit::Above(1.9), true),
            (Limit::Times(1.2), false),
            (Limit::Times(1.1), true),
            (Limit::Free, false),
        ] {
            let mut table = Table::new("t", "ns");
            table.compare("row", &ours, &peer, limit);
            assert_eq!(table.is_over(), over, "{limit:?}");
            assert_eq!(table.render().contains("OVER"), over, "{limit:?}");
        }
    }

    #[test]
    fn a_table_aligns_its_columns_and_names_the_peer() {
        let mut table = Table::new("steps", "ns");
        let (ours, peer) = (Times::of("ours", vec![6.0]), Times::of("match", vec![2.0]));
        table.compare("random", &ours, &peer, Limit::Above(5.0));
        table.alone("whole run", 120.0, Limit::Free);
        let expected = "\
steps [ns, medians]
             ours        peer   more  ratio  limit
random       6.00  2.00 match  +4.00  3.00x  +5 ns  ok
whole run  120.00
";
        assert_eq!(table.render(), expected);
    }
}
