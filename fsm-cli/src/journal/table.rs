//! Lists of runs: columns that fit a terminal, or lines for scripts.
//!
//! A script gets one line a run, with tabs in between and whole values, and no heading; columns are
//! only ever added at the end.

use console::{measure_text_width, truncate_str};
use fsm_core::Timestamp;

use super::line::{Line, Waits};
use super::when::short;
use crate::simulate::view::plain;

/// Two spaces part the columns.
const GAP: usize = 2;

/// The lines of a list for scripts: id, flow, status, began, changed, signals, until, driver, key.
pub(crate) fn for_scripts(lines: &[Line]) -> String {
    let told = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), plain);
    let mut text = String::new();
    for line in lines {
        let signals = line.waits_for.signals.join(",");
        let columns = [
            plain(&line.run),
            plain(&line.flow),
            plain(&line.status),
            line.began.to_rfc3339(),
            line.changed.to_rfc3339(),
            if signals.is_empty() { "-".to_owned() } else { plain(&signals) },
            line.waits_for.until.map_or("-".to_owned(), Timestamp::to_rfc3339),
            told(&line.driver),
            told(&line.key),
        ];
        text += &columns.join("\t");
        text.push('\n');
    }
    text
}

/// The list for people, no wider than `width`.
pub(crate) fn for_people(lines: &[Line], now: Timestamp, width: usize) -> String {
    let heading = ["RUN", "FLOW", "STATUS", "BEGAN", "", "DRIVER"].map(str::to_owned);
    let mut rows = vec![heading];
    for line in lines {
        rows.push([
            plain(&line.run),
            plain(&line.flow),
            plain(&line.status),
            format!("{} ago", short(now.since(line.began))),
            plain(&told(line, now)),
            plain(line.driver.as_deref().unwrap_or("-")),
        ]);
    }
    let mut widths = [0; 6];
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            widths[column] = widths[column].max(measure_text_width(cell));
        }
    }
    // Who gives room, in this order: what it waits for, then the name of the flow. Ids stay whole:
    // they are there to be copied.
    let all: usize = widths.iter().sum::<usize>() + GAP * 5;
    let mut excess = all.saturating_sub(width);
    for (column, least) in [(4, 12), (1, 6)] {
        let given = excess.min(widths[column].saturating_sub(least));
        widths[column] -= given;
        excess -= given;
    }
    let mut text = String::new();
    for row in rows {
        let mut printed = String::new();
        for (column, cell) in row.iter().enumerate() {
            let cell = truncate_str(cell, widths[column], "…");
            let padding = widths[column] - measure_text_width(&cell) + GAP;
            printed += &cell;
            printed += &" ".repeat(padding);
        }
        text += printed.trim_end();
        text.push('\n');
    }
    text
}

/// How long it took, or what it waits for.
fn told(line: &Line, now: Timestamp) -> String {
    if line.is_over {
        return format!("took {}", short(line.changed.since(line.began)));
    }
    match line.status.as_str() {
        "waiting" => waits(&line.waits_for, now),
        _ => format!("last heard of {} ago", short(now.since(line.changed))),
    }
}

/// What a run waits for, in words.
pub(crate) fn waits(waits: &Waits, now: Timestamp) -> String {
    let Waits { signals, until } = waits;
    let mut words = Vec::new();
    if !signals.is_empty() {
        words.push(format!("for {}", signals.join(", ")));
    }
    if let Some(until) = until {
        words.push(match *until > now {
            true => format!("{} more", short(until.since(now))),
            false => format!("due since {}", short(now.since(*until))),
        });
    }
    match words.is_empty() {
        true => "for nothing".to_owned(),
        false => words.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn line(run: &str, status: &str) -> Line {
        Line {
            run: run.to_owned(),
            flow: "refunds for customers".to_owned(),
            status: status.to_owned(),
            key: None,
            began: at(100),
            changed: at(130),
            is_over: status == "completed",
            waits_for: Waits::default(),
            driver: None,
            records: 3,
        }
    }

    fn lines() -> [Line; 3] {
        let waits_for = Waits { signals: vec!["approved".to_owned()], until: Some(at(4_000)) };
        let waiting = Line { waits_for, ..line("refund-2", "waiting") };
        let driver = Some("process 7".to_owned());
        [line("refund-3", "interrupted"), waiting, Line { driver, ..line("refund-1", "completed") }]
    }

    #[test]
    fn people_get_columns_that_fit_their_terminal() {
        insta::assert_snapshot!(for_people(&lines(), at(400), 100), @r"
        RUN       FLOW                   STATUS       BEGAN                          DRIVER
        refund-3  refunds for customers  interrupted  5m ago  last heard of 4m ago   -
        refund-2  refunds for customers  waiting      5m ago  for approved, 1h more  -
        refund-1  refunds for customers  completed    5m ago  took 30s               process 7
        ");
        for width in [40, 60, 79, 200] {
            let text = for_people(&lines(), at(400), width);
            let widest = text.lines().map(measure_text_width).max().unwrap();
            assert!(widest <= width.max(58), "{width}: {widest}\n{text}");
            assert!(text.contains("refund-3  "), "{text}");
        }
    }

    #[test]
    fn scripts_get_tabs_and_whole_values() {
        let text = for_scripts(&lines());
        let columns: Vec<&str> = text.lines().nth(1).unwrap().split('\t').collect();
        assert_eq!(
            columns,
            [
                "refund-2",
                "refunds for customers",
                "waiting",
                "1970-01-01T00:01:40Z",
                "1970-01-01T00:02:10Z",
                "approved",
                "1970-01-01T01:06:40Z",
                "-",
                "-"
            ]
        );
    }
}
