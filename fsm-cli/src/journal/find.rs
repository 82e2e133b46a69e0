//! A run by its id, or by the beginning of it, as long as only one id begins so.

use fsm_core::journal::{Journal, JournalError, RunFilter, RunInfo};

use super::{Store, Trouble};
use crate::error::CommandError;

/// So many ids are listed where several begin alike.
const LISTED: usize = 8;

impl Store {
    /// The run that is called so, or whose id alone begins so.
    pub(crate) fn find(&self, given: &str) -> Result<RunInfo, CommandError> {
        let unknown = match self.disk.info(given) {
            Err(error @ JournalError::NoSuchRun { .. }) => error,
            found => return found.map_err(|error| self.refused(error)),
        };
        let runs = self.disk.list(&RunFilter::all()).map_err(|error| self.refused(error))?;
        let mut ids: Vec<String> = runs.into_iter().map(|run| run.id).collect();
        ids.retain(|id| !given.is_empty() && id.starts_with(given));
        match ids.as_slice() {
            [] => Err(self.refused(unknown)),
            // Once more, because lists hold no results.
            [id] => self.disk.info(id).map_err(|error| self.refused(error)),
            _ => {
                let count = ids.len();
                ids.truncate(LISTED);
                Err(Trouble::Ambiguous { given: given.to_owned(), ids, count }.into())
            }
        }
    }
}
