//! Which entries come after which, for many pairs at once.

use std::collections::HashMap;

/// For each pair `(later, earlier)`: whether `later` depends on `earlier`, directly or through
/// others.
///
/// `dependencies[i]` are those of entry `i`; `order` lists all entries so that each comes after
/// its dependencies. Sixty-four of the asked-for entries travel through the graph together, each
/// as one bit.
///
/// # Complexity
/// O((n + m) · ⌈s / 64⌉) for `n` entries, `m` dependencies, and `s` different earlier entries;
/// memory is linear.
pub(super) fn follows(
    dependencies: &[Vec<usize>],
    order: &[usize],
    pairs: &[(usize, usize)],
) -> Vec<bool> {
    let mut asked: HashMap<usize, Vec<usize>> = HashMap::new();
    for (position, (_, earlier)) in pairs.iter().enumerate() {
        asked.entry(*earlier).or_default().push(position);
    }
    let mut earlier: Vec<usize> = asked.keys().copied().collect();
    earlier.sort_unstable();

    let mut answers = vec![false; pairs.len()];
    let mut reached = vec![0_u64; dependencies.len()];
    for batch in earlier.chunks(64) {
        reached.fill(0);
        let bits: HashMap<usize, u64> =
            batch.iter().enumerate().map(|(bit, entry)| (*entry, 1 << bit)).collect();
        for entry in order {
            reached[*entry] = dependencies[*entry].iter().fold(0, |mask, dependency| {
                mask | reached[*dependency] | bits.get(dependency).copied().unwrap_or(0)
            });
        }
        for (entry, bit) in &bits {
            for position in &asked[entry] {
                let (later, _) = pairs[*position];
                answers[*position] = reached[later] & bit != 0;
            }
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_follows_what_it_depends_on_through_others() {
        // 0 <- 1 <- 2, and 3 alone.
        let dependencies = vec![vec![], vec![0], vec![1], vec![]];
        let pairs = [(2, 0), (2, 1), (1, 2), (3, 0), (0, 0), (1, 0)];
        let expected = [true, true, false, false, false, true];
        assert_eq!(follows(&dependencies, &[0, 3, 1, 2], &pairs), expected);
    }

    #[test]
    fn more_than_sixty_four_targets_are_answered() {
        let dependencies: Vec<Vec<usize>> =
            (0..200).map(|entry: usize| entry.checked_sub(1).into_iter().collect()).collect();
        let order: Vec<usize> = (0..200).collect();
        let pairs: Vec<(usize, usize)> = (0..200).map(|entry| (100, entry)).collect();
        let expected: Vec<bool> = (0..200).map(|entry| entry < 100).collect();
        assert_eq!(follows(&dependencies, &order, &pairs), expected);
    }
}
