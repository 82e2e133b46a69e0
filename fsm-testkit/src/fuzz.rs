//! Fuzzing what reads text: mutations of seeds, one shape for every reader, without tools.
//!
//! A [`Fuzz`] takes texts that the reader knows, and words that matter to it, and makes texts from
//! them that are nearly right: spans are cut, doubled, moved, and swapped with those of other
//! texts, words and odd characters are put in, numbers are pushed to where counting goes wrong.
//! A text on which the reader says something new is kept and mutated further.
//!
//! Without a word a test makes some hundred texts, the same ones each time: a smoke run of a
//! second. With the environment variable `FSM_FUZZ_SECONDS` it goes on for so long, from a seed
//! that `FSM_FUZZ_SEED` can give again and that is printed.
//!
//! ```
//! use fsm_testkit::fuzz::Fuzz;
//!
//! let fuzz = Fuzz::new("numbers").seeds(["12", "-7.5e3"]).words(["e", "."]);
//! fuzz.run(|text| text.parse::<f64>().is_ok().into());
//! ```

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// How many texts a smoke run makes.
const SMOKE: u64 = 400;
/// How many characters the longest text has.
const LONGEST: usize = 16 << 10;
/// How many texts are kept for further mutations.
const KEPT: usize = 2_000;
/// No reader may take longer for a text.
const PATIENCE: Duration = Duration::from_secs(20);

const ODD: [&str; 24] = [
    "\0",
    "\r\n",
    "\t",
    "\u{feff}",
    "\u{2028}",
    "\u{202e}",
    "ﬀ",
    "İ",
    "\u{301}",
    "👩‍👩‍👧",
    "\"",
    "'",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "$",
    "%",
    "&",
    "#",
    "\u{7f}",
];

const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e999",
    "-0.0",
    "0.1e-400",
];

/// Texts, and how they are changed.
#[derive(Clone, Debug)]
pub struct Fuzz {
    name: String,
    seeds: Vec<String>,
    words: Vec<String>,
}

/// What a reader said to a text: two texts with one answer are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer(u64);

impl From<bool> for Answer {
    fn from(answer: bool) -> Self {
        Answer(answer.into())
    }
}

impl From<&str> for Answer {
    /// Digits and what stands in quotes do not count: they tell of the text and not of its kind.
    fn from(answer: &str) -> Self {
        let mut quoted = false;
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in answer.bytes() {
            quoted ^= matches!(byte, b'`' | b'"');
            if !quoted && !byte.is_ascii_digit() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Answer(hash)
    }
}

impl Fuzz {
    /// Fuzzing with no texts but the empty one; `name` says what is read.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), seeds: vec![String::new()], words: Vec::new() }
    }

    /// With texts to begin from.
    #[must_use]
    pub fn seeds(mut self, seeds: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.seeds.extend(seeds.into_iter().map(Into::into));
        self
    }

    /// With words to put in.
    #[must_use]
    pub fn words(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Hands texts to `read` until the time is over, or, without one, some hundred.
    ///
    /// # Panics
    /// If `read` does, after the text was printed; if it takes twenty seconds for a text; and if a
    /// variable of the environment is no number.
    #[expect(
        clippy::print_stderr,
        reason = "what was done, and the text that broke it, is for people"
    )]
    pub fn run(&self, mut read: impl FnMut(&str) -> Answer) {
        let seconds = variable("FSM_FUZZ_SECONDS");
        let clock = || std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_nanos() as u64);
        let seed = variable("FSM_FUZZ_SEED").unwrap_or(if seconds.is_some() { clock() } else { 0 });
        let begun = Instant::now();
        let goes_on = |cases: u64| match seconds {
            Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
            None => cases < SMOKE,
        };
        let mut dice = Dice(seed);
        let mut corpus = self.seeds.clone();
        let mut known = HashSet::new();
        let mut cases = 0;
        while cases < self.seeds.len() as u64 || goes_on(cases) {
            let text = match self.seeds.get(cases as usize) {
                Some(seed) => seed.clone(),
                None => self.mutate(&corpus, &mut dice),
            };
            cases += 1;
            let asked = Instant::now();
            let answer = catch_unwind(AssertUnwindSafe(|| read(&text))).unwrap_or_else(|panic| {
                eprintln!("`{}`, case {cases} of seed {seed}, broke on:\n{text:?}", self.name);
                resume_unwind(panic)
            });
            let took = asked.elapsed();
            assert!(took < PATIENCE, "`{}` took {took:?} for {text:?}", self.name);
            if known.insert(answer) && corpus.len() < KEPT {
                corpus.push(text);
            }
        }
        eprintln!(
            "`{}`: {cases} texts in {:.1?}, {} kinds of answers, seed {seed}",
            self.name,
            begun.elapsed(),
            known.len()
        );
    }

    fn mutate(&self, corpus: &[String], dice: &mut Dice) -> String {
        // What was found last is the farthest from the seeds.
        let newest = corpus.len().saturating_sub(16);
        let pick = |dice: &mut Dice| match dice.below(3) {
            0 => &corpus[newest + dice.below(corpus.len() - newest)],
            _ => &corpus[dice.below(corpus.len())],
        };
        let mut text: Vec<char> = pick(dice).chars().collect();
        for _ in 0..1 + dice.below(6) {
            self.change(&mut text, pick(dice), dice);
        }
        text.truncate(LONGEST);
        text.into_iter().collect()
    }

    fn change(&self, text: &mut Vec<char>, other: &str, dice: &mut Dice) {
        let at = dice.below(text.len() + 1);
        let end = at + dice.below((text.len() - at).min(40) + 1);
        match dice.below(12) {
            0 => drop(text.drain(at..end)),
            1 => {
                let span = text[at..end].to_vec();
                drop(text.splice(at..at, span));
            }
            2 => {
                let span: Vec<char> = text.drain(at..end).collect();
                let to = dice.below(text.len() + 1);
                drop(text.splice(to..to, span));
            }
            3 => {
                let other: Vec<char> = other.chars().collect();
                let from = dice.below(other.len() + 1);
                let until = from + dice.below((other.len() - from).min(80) + 1);
                drop(text.splice(at..end, other[from..until].iter().copied()));
            }
            4..=6 if !self.words.is_empty() => {
                let word = &self.words[dice.below(self.words.len())];
                let until = if dice.below(2) == 0 { at } else { end };
                drop(text.splice(at..until, word.chars()));
            }
            7 => drop(text.splice(at..end, ODD[dice.below(ODD.len())].chars())),
            8 => push_a_number(text, at, dice),
            9 => {
                // Brackets within brackets.
                let times = [2, 10, 70, 500][dice.below(4)];
                let span = text[at..end.min(at + 8)].to_vec();
                drop(text.splice(at..at, span.iter().copied().cycle().take(span.len() * times)));
            }
            10 => swap_lines(text, dice),
            _ => {
                if let Some(character) = text.get_mut(at) {
                    *character = char::from_u32(dice.below(0x300) as u32).unwrap_or(' ');
                }
            }
        }
    }
}

/// Puts one of the numbers that readers stumble over in the place of the next one.
fn push_a_number(text: &mut Vec<char>, at: usize, dice: &mut Dice) {
    let Some(from) = text[at..].iter().position(char::is_ascii_digit) else { return };
    let from = at + from;
    let digits = text[from..].iter().take_while(|character| character.is_ascii_digit()).count();
    drop(text.splice(from..from + digits, NUMBERS[dice.below(NUMBERS.len())].chars()));
}

fn swap_lines(text: &mut Vec<char>, dice: &mut Dice) {
    let joined: String = text.iter().collect();
    let mut lines: Vec<&str> = joined.split('\n').collect();
    let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
    lines.swap(one, other);
    *text = lines.join("\n").chars().collect();
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => panic!("the environment variable {name} is no number: {text:?}"),
    }
}

/// Random numbers that a seed gives again (splitmix64).
struct Dice(u64);

impl Dice {
    /// A number below `count`, which is not 0.
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % count as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_breaks_on_a_word_is_found_out() {
        let fuzz = Fuzz::new("brittle").seeds(["all is well"]).words(["bang"]);
        let broken = catch_unwind(AssertUnwindSafe(|| {
            fuzz.run(|text| {
                assert!(!text.contains("bang"), "it went off");
                true.into()
            });
        }));
        assert!(broken.is_err());
    }

    #[test]
    fn what_gives_a_new_answer_is_taken_further() {
        let mut farthest = 0;
        // Three words in a row do not come by chance: each has to be kept to find the next.
        Fuzz::new("ladder").seeds(["x"]).words(["one", "two", "three"]).run(|text| {
            let steps = ["one", "onetwo", "onetwothree"];
            let height = steps.iter().take_while(|step| text.contains(**step)).count();
            farthest = farthest.max(height);
            ["ground", "first", "second", "third"][height].into()
        });
        assert!(farthest >= 2, "{farthest}");
    }
}
