//! The steps between visited states, kept where a property speaks of paths.

use super::bits::Bits;

/// Where the steps of each state lead: one list, and where in it the steps of a state begin.
#[derive(Debug)]
pub(super) struct Graph {
    /// One more than there are states that were explored.
    begins: Vec<usize>,
    targets: Vec<u32>,
}

impl Graph {
    pub(super) fn new() -> Self {
        Self { begins: vec![0], targets: Vec::new() }
    }

    /// Ends the list of the state that was explored last. Several steps to one state count once:
    /// `targets` is left sorted.
    pub(super) fn push(&mut self, targets: &mut Vec<u32>) {
        targets.sort_unstable();
        targets.dedup();
        self.targets.extend_from_slice(targets);
        self.begins.push(self.targets.len());
    }

    /// Where the steps of `state` lead, in order; nowhere, if it was not explored.
    pub(super) fn after(&self, state: u32) -> &[u32] {
        let state = state as usize;
        match (self.begins.get(state), self.begins.get(state + 1)) {
            (Some(&begin), Some(&end)) => &self.targets[begin..end],
            _ => &[],
        }
    }

    /// The states among so many from which one of `goals` can be reached, those included.
    ///
    /// # Complexity
    /// Linear in the states and steps.
    pub(super) fn leading_to(&self, len: usize, goals: impl Fn(u32) -> bool) -> Bits {
        let back = self.turned(len);
        let mut found = Bits::none(len);
        let mut open: Vec<u32> = (0..len as u32).filter(|state| goals(*state)).collect();
        for goal in &open {
            found.insert(*goal);
        }
        while let Some(state) = open.pop() {
            for before in back.after(state) {
                if found.insert(*before) {
                    open.push(*before);
                }
            }
        }
        found
    }

    /// The same steps, backwards.
    fn turned(&self, len: usize) -> Self {
        let mut begins = vec![0; len + 1];
        for target in &self.targets {
            begins[*target as usize + 1] += 1;
        }
        for state in 0..len {
            begins[state + 1] += begins[state];
        }
        let mut next = begins.clone();
        let mut targets = vec![0; self.targets.len()];
        for state in 0..len as u32 {
            for target in self.after(state) {
                let place = &mut next[*target as usize];
                targets[*place] = state;
                *place += 1;
            }
        }
        Self { begins, targets }
    }
}
