//! The machine laid out flat: every state with its whole name, every transition with the states
//! that it leads to, and machines within machines unfolded.

use std::collections::{HashMap, HashSet};

use super::deed::{Deed, Home, What};
use super::names::Names;
use super::room::Room;
use super::spec::{
    Action, EdgeSpec, FileSpec, Guard, InnerMachine, MachineSpec, Name, Shape, StateSpec, When,
    Work,
};
use crate::check::spelling;
use crate::fault::{Fault, Place};

/// For how many faults the nearest name is looked for: two thousand misspelt names among as many
/// states must not cost four million comparisons.
const MOST_SUGGESTIONS: usize = 100;

/// All states and transitions, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Layout<'s> {
    pub(super) initial: usize,
    pub(super) states: Vec<Laid<'s>>,
    pub(super) edges: Vec<LaidEdge<'s>>,
}

/// A state with its place among the others.
#[derive(Debug)]
pub(super) struct Laid<'s> {
    pub(super) name: String,
    pub(super) place: &'s Place,
    pub(super) parent: Option<usize>,
    pub(super) form: LaidForm<'s>,
    /// The context that its own guards read.
    pub(super) home: Home,
    pub(super) entry: Vec<Deed>,
    pub(super) exit: Vec<Deed>,
    pub(super) before: &'s [Guard],
    pub(super) after: &'s [Guard],
}

#[derive(Clone, Copy, Debug)]
pub(super) enum LaidForm<'s> {
    Simple,
    Choice,
    Final,
    Composite(usize),
    Parallel,
    Work(&'s Work),
}

#[derive(Debug)]
pub(super) struct LaidEdge<'s> {
    pub(super) place: &'s Place,
    pub(super) from: usize,
    /// Empty: it only acts.
    pub(super) to: Vec<usize>,
    pub(super) trigger: &'s When,
    pub(super) guard: Option<&'s Guard>,
    pub(super) deeds: Vec<Deed>,
}

/// Lays a file out.
///
/// # Errors
/// Names that lead nowhere or to several states, machines that hold themselves, and more than there
/// is room for: what lies behind that is then not looked at.
pub(super) fn lay(file: &FileSpec) -> Result<Layout<'_>, Vec<Fault>> {
    let mut layer = Layer {
        machines: file.machines.iter().map(|(name, machine)| (&**name, machine)).collect(),
        used: HashSet::new(),
        path: Vec::new(),
        layout: Layout::default(),
        whole: HashMap::new(),
        faults: Vec::new(),
        said: HashSet::new(),
        room: Room::new(),
    };
    let around = Around { parent: None, prefix: String::new(), home: Home::default(), level: 0 };
    layer.layout.initial = layer.machine(&file.main, &around, None);
    if let Some(fault) = layer.room.fault() {
        layer.faults.push(fault.clone());
        return Err(layer.faults);
    }
    for (name, machine) in &file.machines {
        if !layer.used.contains(&**name) {
            let fault =
                Fault::new(machine.place.clone(), format!("machine `{name}` is never used"));
            layer.fault(fault.hint(format!("run it in a state: `machine: {name}`")));
        }
    }
    if layer.faults.is_empty() { Ok(layer.layout) } else { Err(layer.faults) }
}

struct Layer<'s> {
    machines: HashMap<&'s str, &'s MachineSpec>,
    used: HashSet<&'s str>,
    /// The named machines that are being unfolded.
    path: Vec<&'s str>,
    layout: Layout<'s>,
    /// By whole name.
    whole: HashMap<String, usize>,
    faults: Vec<Fault>,
    said: HashSet<(Place, String)>,
    room: Room,
}

/// What a list of states lies in.
struct Around {
    parent: Option<usize>,
    /// What whole names begin with.
    prefix: String,
    home: Home,
    level: usize,
}

impl<'s> Layer<'s> {
    /// Keeps a fault; a machine that is unfolded twice has each but once.
    fn fault(&mut self, fault: Fault) {
        if self.said.insert((fault.place.clone(), fault.message.clone())) {
            self.faults.push(fault);
        }
    }

    /// Lays a machine out; gives the state that it begins with. `given`: what it hands out.
    fn machine(
        &mut self,
        machine: &'s MachineSpec,
        around: &Around,
        given: Option<&Deed>,
    ) -> usize {
        let mut names = Names::new(around.parent);
        let mut laid = Vec::new();
        let cut = around.prefix.len();
        self.states(&machine.states, around, cut, given, &mut names, &mut laid);
        if self.room.is_used_up() {
            return 0;
        }
        let initial = match names.child(around.parent, &machine.initial) {
            Some(initial) => initial,
            None => {
                let place = machine.place.key("initial");
                self.no_child(place, &machine.initial, &machine.states);
                0
            }
        };
        for (index, state) in laid {
            if let Shape::Composite { initial, states } = &state.shape {
                match names.child(Some(index), initial) {
                    Some(initial) => self.layout.states[index].form = LaidForm::Composite(initial),
                    None => self.no_child(state.place.key("initial"), initial, states),
                }
            }
            for edge in &state.edges {
                self.edge(index, edge, &names);
                if self.room.is_used_up() {
                    return 0;
                }
            }
        }
        initial
    }

    fn no_child(&mut self, place: Place, name: &str, states: &[StateSpec]) {
        // What could not be read is reported already.
        if states.is_empty() || name.is_empty() {
            return;
        }
        let fault =
            Fault::new(place, format!("`initial` names `{name}`, which is no state beside it"));
        let known = || states.iter().map(|state| &*state.name);
        self.fault(match spelling::closest(name, known()) {
            Some(close) => fault.hint(format!("did you mean `{close}`?")),
            None => {
                let first: Vec<&str> = known().take(5).collect();
                fault.hint(format!("the states there are {}", spelling::list(&first)))
            }
        });
    }

    fn states(
        &mut self,
        states: &'s [StateSpec],
        around: &Around,
        cut: usize,
        given: Option<&Deed>,
        names: &mut Names<'s>,
        laid: &mut Vec<(usize, &'s StateSpec)>,
    ) {
        for state in states {
            let name = around.prefix.len() + state.name.len();
            if !self.room.state(around.level, name, &state.place) {
                return;
            }
            let index = self.state(state, around, given, names, cut);
            laid.push((index, state));
            let within = Around {
                parent: Some(index),
                prefix: format!("{}{}.", around.prefix, state.name),
                home: around.home.clone(),
                level: around.level + 1,
            };
            self.states(state.children(), &within, cut, None, names, laid);
            if self.room.is_used_up() {
                return;
            }
            if let Shape::Machine(inner) = &state.shape {
                let name = self.layout.states[index].name[cut..].to_owned();
                let begun = self.inner(inner, &name, within, index);
                self.layout.states[index].form = LaidForm::Composite(begun);
            }
        }
    }

    fn state(
        &mut self,
        state: &'s StateSpec,
        around: &Around,
        given: Option<&Deed>,
        names: &mut Names<'s>,
        cut: usize,
    ) -> usize {
        let index = self.layout.states.len();
        let name = format!("{}{}", around.prefix, state.name);
        if let Some(other) = self.whole.insert(name.clone(), index) {
            let other = self.layout.states[other].place;
            let message =
                format!("two states are called `{name}`: this one, and that at `{other}`");
            let hint = "a state within another is called `outer.inner`; rename one of them";
            self.fault(Fault::new(state.place.clone(), message).hint(hint));
        }
        names.add(around.parent, &state.name, &name[cut..], index);
        let mut entry = deeds(&state.entry, &around.home);
        if let (Shape::Final, Some(given)) = (&state.shape, given) {
            entry.push(given.clone());
        }
        let exit = deeds(&state.exit, &around.home);
        self.take_deeds(entry.iter().chain(&exit), &state.place);
        self.take_guards(state.before.iter().chain(&state.after), &around.home, &state.place);
        self.layout.states.push(Laid {
            name,
            place: &state.place,
            parent: around.parent,
            form: match &state.shape {
                Shape::Simple => LaidForm::Simple,
                Shape::Choice => LaidForm::Choice,
                Shape::Final => LaidForm::Final,
                Shape::Parallel { .. } => LaidForm::Parallel,
                Shape::Work(work) => LaidForm::Work(work),
                // Where it begins is not known before what lies within is laid out.
                Shape::Composite { .. } | Shape::Machine(_) => LaidForm::Composite(index),
            },
            home: around.home.clone(),
            entry,
            exit,
            before: &state.before,
            after: &state.after,
        });
        index
    }

    /// Lays the machine of a state out; `name` is the state's within its own machine.
    fn inner(
        &mut self,
        inner: &'s super::spec::Inner,
        name: &str,
        around: Around,
        index: usize,
    ) -> usize {
        let machine = match &inner.machine {
            InnerMachine::Here(machine) => machine,
            InnerMachine::Named(named) => match self.named(named) {
                Some(machine) => machine,
                None => return index,
            },
        };
        let outer = around.home.clone();
        let deed = |what| Deed { home: outer.clone(), what };
        let begin = What::Begin {
            state: name.to_owned(),
            context: machine.context.clone(),
            input: inner.input.clone(),
        };
        let (begin, end) = (deed(begin), deed(What::End { state: name.to_owned() }));
        if !self.take_deeds([&begin, &end].into_iter(), self.layout.states[index].place) {
            return index;
        }
        self.layout.states[index].entry.push(begin);
        self.layout.states[index].exit.push(end);
        let given = (!inner.output.is_empty())
            .then(|| deed(What::Give { state: name.to_owned(), output: inner.output.clone() }));
        let around = Around { home: outer.within(name), ..around };
        let begun = self.machine(machine, &around, given.as_ref());
        if matches!(inner.machine, InnerMachine::Named(_)) {
            self.path.pop();
        }
        begun
    }

    /// The machine called so, unless it is being unfolded already.
    fn named(&mut self, named: &'s Name) -> Option<&'s MachineSpec> {
        let name = &*named.text;
        let Some((known, machine)) = self.machines.get_key_value(name).map(|(k, m)| (*k, *m))
        else {
            // A name that could not be read is reported already.
            if !name.is_empty() {
                let fault =
                    Fault::new(named.place.clone(), format!("no machine is called `{name}`"));
                let known = self.machines.keys().copied();
                let hint = match spelling::closest(name, known) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => "declare it under `machines` at the top of the file".to_owned(),
                };
                self.fault(fault.hint(hint));
            }
            return None;
        };
        self.used.insert(known);
        if let Some(start) = self.path.iter().position(|outer| *outer == known) {
            let round: Vec<&str> = self.path[start..].iter().copied().chain([known]).collect();
            let message = format!("machine `{known}` holds itself: {}", round.join(" -> "));
            let hint = "lead back to a state instead; machines unfold to states";
            self.fault(Fault::new(named.place.clone(), message).hint(hint));
            return None;
        }
        self.path.push(known);
        Some(machine)
    }

    fn take_deeds<'d>(&mut self, deeds: impl Iterator<Item = &'d Deed>, place: &Place) -> bool {
        let (parts, text) = deeds.fold((0, 0), |(parts, text), deed| {
            let label = deed.label().len();
            (parts + 1, text + label)
        });
        self.room.take(parts, text, place)
    }

    fn take_guards<'g>(
        &mut self,
        guards: impl Iterator<Item = &'g Guard>,
        home: &Home,
        place: &Place,
    ) -> bool {
        let home = home.prefix().len();
        let (parts, text) = guards
            .fold((0, 0), |(parts, text), guard| (parts + 1, text + home + guard.text().len()));
        self.room.take(parts, text, place)
    }

    fn edge(&mut self, from: usize, edge: &'s EdgeSpec, names: &Names<'s>) {
        let mut to = Vec::with_capacity(edge.targets.len());
        for target in &edge.targets {
            let whole = |index: usize| &*self.layout.states[index].name;
            let parent = |index: usize| self.layout.states[index].parent;
            let suggests = self.faults.len() < MOST_SUGGESTIONS;
            match names.resolve(from, &target.text, parent, whole, suggests) {
                Ok(index) => to.push(index),
                Err((message, hint)) => {
                    self.fault(Fault::new(target.place.clone(), message).hint(hint));
                }
            }
        }
        if to.len() != edge.targets.len() {
            return;
        }
        let home = &self.layout.states[from].home;
        let transform = edge.transform.iter();
        let mut all: Vec<Deed> = transform
            .map(|template| Deed { home: home.clone(), what: What::Transform(template.clone()) })
            .collect();
        all.extend(deeds(&edge.actions, home));
        let ends = to.iter().chain([&from]).map(|end| self.layout.states[*end].name.len());
        let ends: usize = ends.sum();
        let home = home.clone();
        self.room.take(1 + to.len(), ends, &edge.place);
        self.take_guards(edge.guard.iter(), &home, &edge.place);
        if !self.take_deeds(all.iter(), &edge.place) {
            return;
        }
        self.layout.edges.push(LaidEdge {
            place: &edge.place,
            from,
            to,
            trigger: &edge.trigger,
            guard: edge.guard.as_ref(),
            deeds: all,
        });
    }
}

fn deeds(actions: &[Action], home: &Home) -> Vec<Deed> {
    let what = |action: &Action| match action {
        Action::Name(name) => What::Named(name.text.clone()),
        Action::Set(assignment) => What::Set(assignment.clone()),
    };
    actions.iter().map(|action| Deed { home: home.clone(), what: what(action) }).collect()
}
