//! The interactive view: shows where the machine stands and what could happen, reads a line, lets
//! it happen, and shows what came of it. It reads and writes lines, so that a test, or a pipe, can
//! hold the other end; the one thing beside is a drawing, in the file that was named for it.
//!
//! | module | what it holds |
//! |---|---|
//! | `choice` | what could happen now, numbered |
//! | `drawing` | the way that was come, drawn |
//! | `screen` | where the machine stands, as text |
//! | `line` | what was typed |
//! | `paint` | colours, and text of the file made safe for a terminal |

mod choice;
mod drawing;
mod line;
mod paint;
mod screen;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};

use fsm_patterns::file::Report;
use fsm_patterns::machine::MachineFile;
use serde_json::Value;

use self::choice::Choice;
use self::line::Line;
pub(crate) use self::paint::{Paint, plain};
use super::assume::Assumptions;
use super::item::{self, Item};
use super::session::{NoSession, Refused, Session};

/// Why the view came to an end that nobody asked for.
#[derive(Debug)]
pub(crate) enum ViewError {
    /// Names of the file can't be bound.
    Unbound(Box<Report>),
    /// The terminal can't be read or written.
    Io(io::Error),
}

impl From<io::Error> for ViewError {
    fn from(error: io::Error) -> Self {
        ViewError::Io(error)
    }
}

/// Holds a machine by hand until the input ends, or somebody quits.
pub(crate) fn hold(
    file: MachineFile,
    context: &Value,
    assumptions: &Assumptions,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    paint: Paint,
) -> Result<(), ViewError> {
    let mut terminal = Terminal { input, out, paint };
    terminal.say(&screen::title(&file, paint))?;
    let session = loop {
        match Session::begin(file.clone(), context.clone(), assumptions.clone()) {
            Ok(session) => break session,
            Err(NoSession::Unbound(report)) => return Err(ViewError::Unbound(report)),
            Err(NoSession::Unassumed(guards)) => {
                if terminal.ask_guards(assumptions, &guards)? != Answer::Given {
                    return Ok(());
                }
            }
        }
    };
    Ok(View { session, terminal }.hold()?)
}

/// The two ends of a conversation.
struct Terminal<'a> {
    input: &'a mut dyn BufRead,
    out: &'a mut dyn Write,
    paint: Paint,
}

impl Terminal<'_> {
    fn say(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// Asks a question; `None` where nobody answers any more.
    fn ask(&mut self, question: &str) -> io::Result<Option<String>> {
        self.say(question)?;
        self.out.flush()?;
        let mut line = Vec::new();
        // What is no UTF-8 is no reason to lose the session.
        if self.input.read_until(b'\n', &mut line)? == 0 {
            self.say("\n")?;
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()))
    }

    /// Asks for each guard whether it holds.
    fn ask_guards(&mut self, assumptions: &Assumptions, guards: &[String]) -> io::Result<Answer> {
        for guard in guards {
            let question = format!(
                "guard `{}` is Rust code, which the file does not have; does it hold? \
                 [y/n, Enter: leave it] ",
                plain(guard)
            );
            loop {
                let Some(answer) = self.ask(&question)? else { return Ok(Answer::Gone) };
                match answer.to_ascii_lowercase().as_str() {
                    "y" | "yes" | "true" => assumptions.assume(guard, true),
                    "n" | "no" | "false" => assumptions.assume(guard, false),
                    "" => return Ok(Answer::Left),
                    _ => continue,
                }
                break;
            }
        }
        Ok(Answer::Given)
    }
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It was answered.
    Given,
    /// Whoever was asked would rather not say.
    Left,
    /// Nobody is there any more.
    Gone,
}

struct View<'a> {
    session: Session,
    terminal: Terminal<'a>,
}

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// With a look at where the machine stands now.
    Look,
    /// With another line.
    Listen,
    /// Not at all.
    Quit,
}

impl View<'_> {
    fn hold(&mut self) -> io::Result<()> {
        let mut then = Then::Look;
        let mut choices = Vec::new();
        while then != Then::Quit {
            if then == Then::Look {
                choices = choice::all(&self.session);
                let text = screen::standing(&self.session, &choices, self.terminal.paint);
                self.terminal.say(&text)?;
            }
            let prompt = self.terminal.paint.dim("> ");
            let Some(typed) = self.terminal.ask(&prompt)? else { return Ok(()) };
            then = self.follow(&typed, &choices)?;
        }
        Ok(())
    }

    fn follow(&mut self, typed: &str, choices: &[Choice]) -> io::Result<Then> {
        let line = Line::read(typed, |name| self.session.is_event(name));
        match line {
            Line::Look => Ok(Then::Look),
            Line::Quit => Ok(Then::Quit),
            Line::Help => self.tell(screen::HELP),
            Line::Path => {
                let path = screen::path(&self.session);
                self.tell(&path)
            }
            Line::Context => {
                let context = self.session.simulation.snapshot().context();
                // Any JSON value has a text.
                let text = serde_json::to_string_pretty(context).unwrap_or_default();
                self.tell(&(plain_lines(&text) + "\n"))
            }
            Line::Dot => {
                let dot = drawing::dot(&self.session);
                self.tell(&dot)
            }
            Line::Draw(file) => match drawing::write(&self.session, &file) {
                Ok(()) => self.tell(&format!("written to {}\n", plain(&file))),
                Err(why) => self.complain(&why),
            },
            Line::Back => match self.session.simulation.back() {
                true => Ok(Then::Look),
                false => self.complain("this is the beginning: there is no step to take back"),
            },
            Line::NextTimer => match self.session.simulation.next_timer() {
                Some(wait) => self.take_all(&[Item::Pass(wait)]),
                None => self.complain("no timer is set: time changes nothing here"),
            },
            Line::Number(number) => self.choose(number, choices),
            Line::Assume { name, holds } => self.assume(&name, holds),
            Line::Items(items) => self.take_all(&items),
            Line::Unreadable(error) => {
                let hint = error.hint().map(|hint| format!("\n  {hint}")).unwrap_or_default();
                self.complain(&format!("{error}{hint}"))
            }
        }
    }

    fn tell(&mut self, text: &str) -> io::Result<Then> {
        self.terminal.say(text)?;
        Ok(Then::Listen)
    }

    fn complain(&mut self, text: &str) -> io::Result<Then> {
        let text = self.terminal.paint.refused(&plain_lines(text)) + "\n";
        self.tell(&text)
    }

    fn choose(&mut self, number: usize, choices: &[Choice]) -> io::Result<Then> {
        let mut numbered = choices.iter().filter(|choice| choice.item.is_some());
        let Some(choice) = number.checked_sub(1).and_then(|at| numbered.nth(at)) else {
            return self.complain(&format!("there is no choice {number}"));
        };
        let Some(item) = choice.item.clone() else { return Ok(Then::Listen) };
        if !choice.wants_data {
            return self.take_all(&[item]);
        }
        let question = format!("data of `{}` as JSON (Enter: none): ", plain(&item.to_string()));
        let Some(data) = self.terminal.ask(&question)? else { return Ok(Then::Quit) };
        let data = match data.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_str(&data),
        };
        match data {
            Ok(data) => self.take_all(&[item.carrying(data)]),
            Err(source) => {
                let error = item::ItemError::Data { head: item.to_string(), source };
                self.complain(&error.to_string())
            }
        }
    }

    fn assume(&mut self, name: &str, holds: bool) -> io::Result<Then> {
        let guards = self.session.file.unbound().guards;
        if !guards.iter().any(|guard| guard == name) {
            let names = guards.iter().map(String::as_str);
            let hint = crate::nearest::did_you_mean(name, names);
            return self.complain(&format!("no guard `{name}` is Rust code{hint}"));
        }
        self.session.assumptions.assume(name, holds);
        Ok(Then::Look)
    }

    /// Lets items happen one after the other, and tells of each what came of it.
    fn take_all(&mut self, items: &[Item]) -> io::Result<Then> {
        let mut then = Then::Listen;
        for item in items {
            let before = self.session.simulation.path().len();
            let steps = self.session.simulation.steps();
            loop {
                match self.session.take(item) {
                    Ok(()) => {
                        let text =
                            screen::happened(&self.session, item, before, self.terminal.paint);
                        self.terminal.say(&text)?;
                    }
                    Err(Refused::Rejected(rejection)) => {
                        let paint = self.terminal.paint;
                        let text = match self.session.simulation.steps() > steps {
                            true => {
                                screen::happened(&self.session, item, before, paint)
                                    + &screen::stuck(&rejection, paint)
                            }
                            false => screen::refused(&rejection, paint),
                        };
                        self.terminal.say(&text)?;
                    }
                    Err(Refused::Unassumed(guards)) => {
                        match self.terminal.ask_guards(&self.session.assumptions, &guards)? {
                            // What can be chosen depends on the answers, too.
                            Answer::Given => {
                                then = Then::Look;
                                continue;
                            }
                            Answer::Left => return self.tell("nothing happened\n"),
                            Answer::Gone => return Ok(Then::Quit),
                        }
                    }
                }
                break;
            }
            if self.session.simulation.steps() > steps {
                then = Then::Look;
            }
        }
        Ok(then)
    }
}

/// A text of several lines, each made safe.
fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}
