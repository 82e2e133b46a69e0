//! What has moved within a list.

/// The places in `old` of the fewest things that have to be moved to turn the old order into the
/// new one: those that are not in the longest run that rises. `order` lists the old places in the
/// new order.
///
/// # Complexity
/// O(n * log(n)).
pub(super) fn moved(order: &[usize]) -> Vec<usize> {
    // By length of a rising run: where the one with the lowest end ends; and what comes before.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(order.len());
    for (at, place) in order.iter().enumerate() {
        let length = ends.partition_point(|end| order[*end] < *place);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut stays = vec![false; order.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        stays[at] = true;
        next = before[at];
    }
    order.iter().zip(stays).filter(|(_, stays)| !stays).map(|(place, _)| *place).collect()
}

/// Whether things stand in the order in which they stood.
pub(super) fn is_kept(order: &[usize]) -> bool {
    order.is_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_as_can_be_are_told_to_have_moved() {
        let table: [(&[usize], &[usize]); 6] = [
            (&[], &[]),
            (&[0, 1, 2, 3], &[]),
            (&[3, 0, 1, 2], &[3]),
            (&[1, 2, 3, 0], &[0]),
            (&[0, 2, 1, 3], &[2]),
            (&[3, 2, 1, 0], &[3, 2, 1]),
        ];
        for (order, expected) in table {
            assert_eq!(moved(order), expected, "of {order:?}");
            assert_eq!(is_kept(order), expected.is_empty());
        }
    }
}
