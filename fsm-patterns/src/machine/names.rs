//! Which state a target means: looked for from the source outwards, the innermost one wins.

use std::collections::HashMap;

use crate::check::spelling;

/// The states of one machine, by name and by path.
pub(super) struct Names<'s> {
    /// What the machine's outermost states lie in.
    root: Option<usize>,
    children: HashMap<(Option<usize>, &'s str), usize>,
    /// By the path within the machine: `on.playing`.
    paths: HashMap<String, usize>,
    by_index: HashMap<usize, String>,
}

/// A message and a hint.
type Unknown = (String, String);

impl<'s> Names<'s> {
    pub(super) fn new(root: Option<usize>) -> Self {
        Self { root, children: HashMap::new(), paths: HashMap::new(), by_index: HashMap::new() }
    }

    pub(super) fn add(&mut self, parent: Option<usize>, name: &'s str, path: &str, index: usize) {
        self.children.insert((parent, name), index);
        self.paths.insert(path.to_owned(), index);
        self.by_index.insert(index, path.to_owned());
    }

    /// The state called `name` right within `parent`.
    pub(super) fn child(&self, parent: Option<usize>, name: &str) -> Option<usize> {
        self.children.get(&(parent, name)).copied()
    }

    /// The state that `target` means, written at a transition of `from`.
    ///
    /// # Complexity
    /// O(nesting); with `suggests`, an unknown target costs a look at every state.
    pub(super) fn resolve<'w>(
        &self,
        from: usize,
        target: &str,
        parent: impl Fn(usize) -> Option<usize>,
        whole: impl Fn(usize) -> &'w str,
        suggests: bool,
    ) -> Result<usize, Unknown> {
        let mut near = None;
        let mut scope = Some(from);
        while let Some(here) = scope.filter(|_| near.is_none() && scope != self.root) {
            scope = parent(here);
            near = self.child(scope, target);
        }
        let below = target.starts_with('.').then(|| {
            let path = format!("{}{target}", self.by_index.get(&from).map_or("", |path| path));
            self.paths.get(&path).copied()
        });
        let far = self.paths.get(target).copied();
        let mut found: Vec<usize> = [near, below.flatten(), far].into_iter().flatten().collect();
        // Without a dot a path is the name of an outermost state, over which nearer ones win.
        if !target.contains('.') {
            found.truncate(1);
        }
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.unknown(from, target, whole, suggests)),
            several => {
                let all: Vec<String> =
                    several.iter().map(|index| format!("`{}`", whole(*index))).collect();
                let message = format!("`{target}` may be any of {}", all.join(", "));
                Err((message, "rename one of them: a `.` in a name reads like a path".to_owned()))
            }
        }
    }

    fn unknown<'w>(
        &self,
        from: usize,
        target: &str,
        whole: impl Fn(usize) -> &'w str,
        suggests: bool,
    ) -> Unknown {
        let message = format!("there is no state `{target}`");
        let hint = "a target is a state beside, around, or, as `.child`, within";
        if !suggests {
            return (message, hint.to_owned());
        }
        if self.child(Some(from), target).is_some() {
            return (
                message,
                format!("did you mean `.{target}`, the one within `{}`?", whole(from)),
            );
        }
        let end = format!(".{target}");
        let ends = |path: &&String| path.ends_with(&end);
        let mut inside: Vec<&String> = self.paths.keys().filter(ends).collect();
        inside.sort();
        if let [first, ..] = inside.as_slice() {
            return (message, format!("did you mean `{first}`?"));
        }
        let mut known: Vec<&str> = self.children.keys().map(|(_, name)| *name).collect();
        known.extend(self.paths.keys().map(|path| &**path));
        known.sort_unstable();
        match spelling::closest(target, known) {
            Some(close) => (message, format!("did you mean `{close}`?")),
            None => (message, hint.to_owned()),
        }
    }
}
