//! Who asks for a grant, and with what manners.

/// A caller: what it asks for, and its manners.
#[derive(Clone)]
pub(super) struct Caller {
    /// The buckets that it goes through, in ascending order.
    pub(super) route: Vec<usize>,
    pub(super) weight: u32,
    /// It sleeps until it is woken; else it comes back when it was told to.
    pub(super) sleeps: bool,
    /// Its request may hang before it leaves.
    pub(super) hangs: bool,
    /// It never gives up while it waits.
    pub(super) is_patient: bool,
    /// A planted fault: when it gives up, it keeps its places. It comes once, since the line would
    /// grow without end.
    pub(super) forgets: bool,
}

pub(super) fn caller(route: &[usize], weight: u32) -> Caller {
    let route = route.to_vec();
    Caller { route, weight, sleeps: false, hangs: false, is_patient: false, forgets: false }
}

impl Caller {
    pub(super) fn sleeping(self) -> Self {
        Self { sleeps: true, ..self }
    }

    pub(super) fn hanging(self) -> Self {
        Self { hangs: true, ..self }
    }

    pub(super) fn patient(self) -> Self {
        Self { is_patient: true, ..self }
    }

    pub(super) fn forgetting(self) -> Self {
        Self { forgets: true, ..self }
    }
}
