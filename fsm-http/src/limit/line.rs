//! Who waits, in the order of arrival, and how much waits before whom.
//!
//! Rights are by arrival: a place may be taken when there is room for everything before it and
//! itself. So the question is always "how many units wait before this place?", and places leave
//! from the middle as well as from the front. A Fenwick tree (Fenwick 1994) over the places answers
//! it. Places that were left stay as zeros until they are more than the others.

/// Below this many places nothing is tidied up.
const FEW: usize = 32;

/// The places of a queue.
#[derive(Default)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Line {
    /// In the order of arrival, so in the order of their numbers.
    places: Vec<Place>,
    /// The tree: `sums[i]` has the units of the places that end with place i and are as many as
    /// the lowest bit of i + 1 says.
    sums: Vec<u64>,
    /// How many places are not left.
    live: usize,
    /// Their units.
    units: u64,
    /// The last number given. The first place has the number 1.
    last: u64,
}

#[cfg_attr(test, derive(Clone))]
struct Place {
    number: u64,
    /// 0: the place was left.
    units: u32,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// How many places wait.
    pub(super) fn len(&self) -> usize {
        self.live
    }

    /// How many units wait.
    pub(super) fn units(&self) -> u64 {
        self.units
    }

    /// Adds a place at the end and says its number.
    ///
    /// # Complexity
    ///
    /// O(log n), as all that follows; tidying up is O(1) a place when shared out.
    pub(super) fn enter(&mut self, units: u32) -> u64 {
        self.last += 1;
        self.live += 1;
        self.units += u64::from(units);
        self.push(Place { number: self.last, units });
        self.last
    }

    /// Gives a place up. A number that is not in the line changes nothing.
    pub(super) fn leave(&mut self, number: u64) {
        let Some(index) = self.index(number) else { return };
        let units = std::mem::take(&mut self.places[index].units);
        if units == 0 {
            return;
        }
        self.live -= 1;
        self.units -= u64::from(units);
        if self.live == 0 {
            self.places.clear();
            self.sums.clear();
            return;
        }
        let mut node = index + 1;
        while let Some(sum) = self.sums.get_mut(node - 1) {
            *sum -= u64::from(units);
            node += lowest_bit(node);
        }
        if self.places.len() > FEW + 2 * self.live {
            self.tidy();
        }
    }

    /// How many units wait before a place.
    pub(super) fn before(&self, number: u64) -> u64 {
        let mut node = self.index(number).unwrap_or(self.places.len());
        let mut sum = 0;
        while node > 0 {
            sum += self.sums[node - 1];
            node -= lowest_bit(node);
        }
        sum
    }

    fn index(&self, number: u64) -> Option<usize> {
        self.places.binary_search_by_key(&number, |place| place.number).ok()
    }

    fn push(&mut self, place: Place) {
        let node = self.places.len() + 1;
        let mut sum = u64::from(place.units);
        let mut below = node - 1;
        while below > node - lowest_bit(node) {
            sum += self.sums[below - 1];
            below -= lowest_bit(below);
        }
        self.places.push(place);
        self.sums.push(sum);
    }

    fn tidy(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        places.retain(|place| place.units > 0);
        self.places = Vec::with_capacity(places.len());
        self.sums = Vec::with_capacity(places.len());
        for place in places {
            self.push(place);
        }
    }
}

fn lowest_bit(node: usize) -> usize {
    node & node.wrapping_neg()
}

#[cfg(test)]
impl Line {
    /// The places that are not left, in order, with their units.
    pub(super) fn living(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        let living = self.places.iter().filter(|place| place.units > 0);
        living.map(|place| (place.number, place.units))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_line_counts_as_a_sorted_map_does(
            steps in proptest::collection::vec((0_u8..3, 1_u32..9, any::<prop::sample::Index>()), 1..400),
        ) {
            let mut line = Line::default();
            let mut model: BTreeMap<u64, u32> = BTreeMap::new();
            for (kind, units, which) in steps {
                if kind == 0 && !model.is_empty() {
                    let number = *model.keys().nth(which.index(model.len())).expect("in range");
                    model.remove(&number);
                    line.leave(number);
                    line.leave(number);
                } else {
                    let number = line.enter(units);
                    prop_assert!(model.insert(number, units).is_none());
                }
                prop_assert_eq!(line.len(), model.len());
                prop_assert_eq!(line.units(), model.values().map(|units| u64::from(*units)).sum::<u64>());
                let mut before = 0;
                for (number, units) in &model {
                    prop_assert_eq!(line.before(*number), before);
                    before += u64::from(*units);
                }
            }
        }
    }

    #[test]
    fn places_that_were_left_take_no_room_for_long() {
        let mut line = Line::default();
        let first = line.enter(1);
        for _ in 0..10_000 {
            let number = line.enter(1);
            line.leave(number);
        }
        assert!(line.places.len() <= FEW + 3, "{} places", line.places.len());
        assert_eq!(line.before(first), 0);
    }
}
