//! The oracle of a proof: a step is taken once for each way in which its questions may be answered.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

/// Answers questions as it is told to, and remembers which were asked. Clones are not made: the
/// code behind the names of a machine shares one behind an `Arc`.
///
/// Within a step a question is answered alike until something may have changed what it looks at.
#[derive(Debug, Default)]
pub struct Script {
    /// Written within a step, read between steps; each call holds it for one look.
    page: Mutex<Page>,
}

#[derive(Debug, Default)]
struct Page {
    /// With what the answers are called.
    questions: IndexMap<Box<str>, Vec<Box<str>>>,
    /// The answers that this step is to be given, the rest being the first ones.
    given: Vec<u8>,
    asked: Vec<Asked>,
    era: u32,
}

/// A question that was asked in a step, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Which question.
    pub question: u32,
    /// Which of its answers was given.
    pub answer: u8,
    /// How many it has.
    pub answers: u8,
    /// Questions of one era see the same context.
    pub era: u32,
}

impl Script {
    /// An oracle that has not been asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which of `answers` is the one to `question`.
    pub fn choose(&self, question: &str, answers: &[&str]) -> usize {
        let mut page = self.lock();
        let number = match page.questions.get_index_of(question) {
            Some(number) => number,
            None => {
                let names = answers.iter().map(|answer| (*answer).into()).collect();
                page.questions.insert_full(question.into(), names).0
            }
        };
        let question = u32::try_from(number).unwrap_or(u32::MAX);
        let era = page.era;
        let same = |asked: &&Asked| asked.question == question && asked.era == era;
        if let Some(asked) = page.asked.iter().find(same) {
            return usize::from(asked.answer);
        }
        let answers = u8::try_from(answers.len().max(1)).unwrap_or(u8::MAX);
        let answer = page.given.get(page.asked.len()).copied().unwrap_or(0).min(answers - 1);
        page.asked.push(Asked { question, answer, answers, era });
        usize::from(answer)
    }

    /// From here on what questions look at may have changed.
    pub fn turn(&self) {
        self.lock().era += 1;
    }

    /// Whether anything may have changed in this step what questions look at.
    pub(super) fn has_turned(&self) -> bool {
        self.lock().era > 0
    }

    /// A step begins that is to be given these answers.
    pub(super) fn open(&self, given: &[u8]) {
        let mut page = self.lock();
        page.given.clear();
        page.given.extend_from_slice(given);
        page.asked.clear();
        page.era = 0;
    }

    /// What was asked in this step.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    /// A question and its answer in words.
    pub(super) fn say(&self, asked: Asked) -> String {
        let page = self.lock();
        let Some((question, names)) = page.questions.get_index(asked.question as usize) else {
            return String::new();
        };
        let answer = names.get(usize::from(asked.answer)).map_or("", |name| name);
        format!("`{question}` {answer}")
    }

    /// What a question asks.
    pub(crate) fn question(&self, number: u32) -> Option<String> {
        let page = self.lock();
        page.questions.get_index(number as usize).map(|(question, _)| question.to_string())
    }

    fn lock(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers to try after those that were given: the last one that has another is changed.
pub(super) fn next(asked: &[Asked]) -> Option<Vec<u8>> {
    let last = asked.iter().rposition(|asked| asked.answer + 1 < asked.answers)?;
    let mut given: Vec<u8> = asked[..=last].iter().map(|asked| asked.answer).collect();
    given[last] += 1;
    Some(given)
}

#[cfg(test)]
mod tests {
    use super::{Script, next};

    #[test]
    fn every_way_of_answering_is_tried_once() {
        let script = Script::new();
        let mut told = Vec::new();
        let mut given = Some(Vec::new());
        while let Some(answers) = given {
            script.open(&answers);
            let first = script.choose("first", &["a", "b", "c"]);
            let second = if first == 1 { script.choose("second", &["d", "e"]) } else { 9 };
            assert_eq!(script.choose("first", &["a", "b", "c"]), first, "in the same era");
            script.turn();
            told.push((first, second, script.choose("third", &["f", "g"])));
            given = next(&script.asked());
        }
        let all = [
            (0, 9, 0),
            (0, 9, 1),
            (1, 0, 0),
            (1, 0, 1),
            (1, 1, 0),
            (1, 1, 1),
            (2, 9, 0),
            (2, 9, 1),
        ];
        assert_eq!(told, all);
    }
}
