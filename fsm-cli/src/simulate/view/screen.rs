//! Where the machine stands, and what happened, as text.

use console::measure_text_width;
use fsm_core::Status;
use fsm_patterns::machine::MachineFile;

use super::choice::{self, Choice};
use super::paint::{Paint, plain};
use crate::board::words;
use crate::commands::count;
use crate::simulate::item::Item;
use crate::simulate::session::{Rejection, Session};

/// More choices than these are not shown; their names can be typed all the same.
const MOST_CHOICES: usize = 30;

/// More timers than these are not shown.
const MOST_TIMERS: usize = 5;

/// A longer context is cut.
const LONGEST_CONTEXT: usize = 400;

pub(super) const HELP: &str = "  NUMBER          lets a choice happen
  EVENT           an event, also one that is refused; EVENT=JSON carries data: coin={\"value\": 5}
  +5s             time passes
  done:STATE      the activity at STATE ends well, failed: badly, timeout: too late; done:STATE=JSON
  a,b,c           one after the other
  assume G=true   the guard G, which is Rust code, holds from now on, or does not: G=false
  b               takes the last step back
  t               lets time pass to the next timer
  p               shows the path
  c               shows the whole context
  d               shows the drawing, in DOT, with the path
  d FILE          writes it to a file that ends in .svg, .dot, or .mmd
  Enter           shows where the machine stands
  q               quits, as Ctrl-D does
  An event that is called like a command is the event; the command is then :b, :t, …
";

pub(super) fn title(file: &MachineFile, paint: Paint) -> String {
    let graph = file.graph();
    let states = count(graph.states().len(), "state");
    let transitions = count(graph.transitions().len(), "transition");
    let rest = format!(": {states}, {transitions}; ? shows what can be typed, q quits");
    let idle: Vec<String> =
        file.unbound().actions.iter().map(|name| format!("`{}`", plain(name))).collect();
    let idle = match idle.is_empty() {
        true => String::new(),
        false => {
            paint.dim(&format!("Rust code that does nothing here: {}", idle.join(", "))) + "\n"
        }
    };
    format!("{}{}\n{idle}", paint.state(&plain(file.name())), paint.dim(&rest))
}

/// Where the tokens are, the context, the time, and what could happen.
pub(super) fn standing(session: &Session, choices: &[Choice], paint: Paint) -> String {
    let simulation = &session.simulation;
    let state = plain(&session.state());
    let mut text = format!("\n{} {}\n", paint.dim("state  "), paint.state(&state));
    let context = plain(&simulation.snapshot().context().to_string());
    text += &format!("{} {}\n", paint.dim("context"), cut(&context));
    let since = simulation.now().since(fsm_core::Timestamp::ZERO);
    if !since.is_zero() {
        text += &format!("{} {}\n", paint.dim("time   "), words(since));
    }
    // The next timer is one of the choices.
    let later = choice::timers(session).split_off(1.min(simulation.timers().len()));
    for (at, (what, wait)) in later.iter().take(MOST_TIMERS).enumerate() {
        let head = if at == 0 { "later  " } else { "       " };
        text += &format!("{} {what} in {}\n", paint.dim(head), words(*wait));
    }
    if later.len() > MOST_TIMERS {
        text += &format!("        and {} more\n", later.len() - MOST_TIMERS);
    }
    match simulation.snapshot().status() {
        Status::Finished(_) => text + "the run is over; b takes a step back\n",
        Status::Stuck(_) => {
            let stuck = "the machine is stuck: no way on is open".to_owned();
            let why = plain(&session.stuck_at_once().unwrap_or(stuck));
            text + &paint.refused(&why) + "; b takes a step back\n"
        }
        Status::New | Status::Running | Status::Cancelled => text + &rows(choices, paint),
    }
}

fn rows(choices: &[Choice], paint: Paint) -> String {
    if choices.is_empty() {
        return "nothing can happen here: no event is accepted, and no timer is set\n".to_owned();
    }
    let shown = &choices[..choices.len().min(MOST_CHOICES)];
    let width = shown.iter().map(|choice| measure_text_width(&choice.label)).max().unwrap_or(0);
    let mut text = String::from("\n");
    for (at, choice) in shown.iter().enumerate() {
        let label = console::pad_str(&choice.label, width, console::Alignment::Left, None);
        text += &match choice.item {
            Some(_) => {
                let number = paint.number(&format!("{:>3}", at + 1));
                format!("{number}  {label}  {}\n", choice.text)
            }
            None => paint.refused(&format!("  -  {label}  {}", choice.text)) + "\n",
        };
        for shut in &choice.shut {
            text += &paint.dim(&format!("     {:width$}  not {shut}", ""));
            text.push('\n');
        }
    }
    if choices.len() > MOST_CHOICES {
        text += &format!("     and {} more\n", choices.len() - MOST_CHOICES);
    }
    text
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_CONTEXT) {
        Some((end, _)) => format!("{}… (c shows all of it)", &text[..end]),
        None => text.to_owned(),
    }
}

/// The stations that an item led to; `before` is how long the path was until then.
pub(super) fn happened(session: &Session, item: &Item, before: usize, paint: Paint) -> String {
    let path = session.path();
    let label = plain(&item.to_string());
    let stations: Vec<String> = path[before.min(path.len())..].iter().map(|at| plain(at)).collect();
    match stations.as_slice() {
        [] => format!("{label}: stays in {}\n", plain(&session.state())),
        stations => {
            let from = before.checked_sub(1).and_then(|at| path.get(at));
            let from = from.map(|at| plain(at)).unwrap_or_default();
            format!("{label}: {from} → {}\n", paint.state(&stations.join(" → ")))
        }
    }
}

/// What was refused, and why.
pub(super) fn refused(rejection: &Rejection, paint: Paint) -> String {
    let Rejection { event, why, .. } = rejection;
    paint.refused(&format!("{}: refused: {}", plain(event), plain(why))) + "\n"
}

/// Why the machine got stuck by something that did happen.
pub(super) fn stuck(rejection: &Rejection, paint: Paint) -> String {
    paint.refused(&plain(&rejection.why)) + "\n"
}

/// The path, one station a line, with the time and the transitions.
pub(super) fn path(session: &Session) -> String {
    let graph = session.file.graph();
    let simulation = &session.simulation;
    let mut text = String::new();
    for station in simulation.path() {
        let by: Vec<String> = station
            .by
            .iter()
            .map(|by| plain(&graph.trigger_label(graph.transition(*by).trigger())))
            .collect();
        let at = plain(&simulation.names(&station.at).join(", "));
        let since = words(station.when.since(fsm_core::Timestamp::ZERO));
        text += match by.is_empty() {
            true => format!("  {since:>8}  {at}\n"),
            false => format!("  {since:>8}  {at}  ({})\n", by.join(", ")),
        }
        .as_str();
    }
    text
}
