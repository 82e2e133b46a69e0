//! Which states a transition leaves and enters, as far as the layout tells.

use super::layout::{Laid, LaidEdge, LaidForm, Layout};

/// The shape of a layout, for walks over it.
pub(super) struct Outline {
    children: Vec<Vec<usize>>,
    /// By state: whether anything is asked when it, or a state within, is left.
    asks: Vec<bool>,
}

impl Outline {
    pub(super) fn of(layout: &Layout<'_>) -> Self {
        let mut children = vec![Vec::new(); layout.states.len()];
        let mut asks: Vec<bool> = layout
            .states
            .iter()
            .map(|state| !state.after.is_empty() || state.exit.iter().any(|deed| !deed.is_total()))
            .collect();
        // What lies within a state comes behind it.
        for (index, state) in layout.states.iter().enumerate().rev() {
            if let Some(parent) = state.parent {
                children[parent].push(index);
                asks[parent] |= asks[index];
            }
        }
        children.iter_mut().for_each(|list| list.reverse());
        Self { children, asks }
    }
}

/// The innermost state around all ends of a transition that stays; a parallel state does not
/// stay when one of its regions is left as a whole.
pub(super) fn domain(layout: &Layout<'_>, edge: &LaidEdge<'_>) -> Option<usize> {
    let states = &layout.states;
    let holds = |outer: usize, inner: usize| around(states, inner).skip(1).any(|at| at == outer);
    around(states, edge.from)
        .skip(1)
        .filter(|outer| !matches!(states[*outer].form, LaidForm::Parallel))
        .find(|outer| edge.to.iter().all(|to| holds(*outer, *to)))
}

/// The states that are left, and those of which one may be, depending on where the token stands.
pub(super) fn may_be_left(
    layout: &Layout<'_>,
    outline: &Outline,
    from: usize,
    domain: Option<usize>,
) -> Vec<usize> {
    let mut left: Vec<usize> =
        around(&layout.states, from).take_while(|index| Some(*index) != domain).collect();
    let mut open = vec![from];
    while let Some(state) = open.pop() {
        // Which of the states in regions are active is not known.
        if matches!(layout.states[state].form, LaidForm::Parallel) {
            continue;
        }
        let within = outline.children[state].iter().copied().filter(|at| outline.asks[*at]);
        for child in within {
            left.push(child);
            open.push(child);
        }
    }
    left
}

/// Enters `state` and what is entered with it, toward `targets` where one lies within.
pub(super) fn enter(
    layout: &Layout<'_>,
    outline: &Outline,
    state: usize,
    targets: &[usize],
    entered: &mut Vec<usize>,
) {
    let mut open = vec![state];
    while let Some(state) = open.pop() {
        entered.push(state);
        match layout.states[state].form {
            LaidForm::Composite(initial) => {
                let toward = targets.iter().find_map(|target| {
                    let mut way = around(&layout.states, *target);
                    way.find(|at| layout.states[*at].parent == Some(state))
                });
                open.push(toward.unwrap_or(initial));
            }
            LaidForm::Parallel => open.extend(outline.children[state].iter().rev()),
            LaidForm::Simple | LaidForm::Choice | LaidForm::Final | LaidForm::Work(_) => {}
        }
    }
}

/// A state and those around it, innermost first.
pub(super) fn around<'l>(states: &'l [Laid<'_>], state: usize) -> impl Iterator<Item = usize> + 'l {
    std::iter::successors(Some(state), |state| states[*state].parent)
}
