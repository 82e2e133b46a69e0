//! What is no fault in a flow file and yet probably not meant: text in templates that nearly is
//! an expression, and conditions that decide nothing.

use super::fields::step;
use super::report::{Located, Severity};
use super::tree::{Kind, Node};
use super::{Loaded, Report};
use crate::check;
use crate::expr::{ExprError, suspicious};
use crate::fault::{Fault, Place, Step};

/// The keys of an endpoint under which templates stand.
const TEMPLATES: [&str; 10] = [
    "url",
    "headers",
    "params",
    "body",
    "cache_key",
    "save_to",
    "response_parser",
    "transform_input",
    "transform_output",
    "error_handler",
];

impl Loaded {
    /// What is worth a second look, as warnings: misspelt roots in templates, which stay text, and
    /// [conditions that decide nothing](check::idle_conditions). Perhaps none.
    ///
    /// ```
    /// # use fsm_patterns::file;
    /// let file = file::load("flow.yaml", "
    /// fsm: 1
    /// name: users
    /// mode: sequential
    /// endpoints:
    ///   - name: user
    ///     url: http://localhost/users
    ///     params: { id: '{inputs.id}' }
    /// ").unwrap();
    /// assert_eq!(
    ///     file.warnings().to_string(),
    ///     "flow.yaml:8:20: warning: `{inputs.id}` lacks its `$` and stays text \
    ///      (did you mean `{$inputs.id}`?)"
    /// );
    /// ```
    ///
    /// # Complexity
    /// Linear in the size of the file.
    pub fn warnings(&self) -> Report {
        let mut found = check::idle_conditions(&self.spec);
        let tree = &*self.source.tree;
        for key in ["output", "cache_key", "run_key", "target"] {
            template(tree, key, &Place::root(), &mut found);
        }
        entries(tree, &Place::root(), &mut found);
        let (name, text) = (&self.source.name, &self.source.text);
        let located = found
            .into_iter()
            .map(|fault| Located::find(text, tree, fault).severity(Severity::Warning));
        Report::new(name, text, located.collect())
    }
}

/// The endpoints of a flow or a group.
fn entries(node: &Node, place: &Place, found: &mut Vec<Fault>) {
    let Some(Kind::List(items)) = node.member("endpoints").map(|member| &member.value.kind) else {
        return;
    };
    for (index, item) in items.iter().enumerate() {
        let place = place.key("endpoints").item(index);
        for key in TEMPLATES {
            template(item, key, &place, found);
        }
        if let Some(undo) = item.member("undo") {
            for key in ["url", "headers", "params", "body"] {
                template(&undo.value, key, &place.key("undo"), found);
            }
        }
        entries(item, &place, found);
    }
}

fn template(node: &Node, key: &str, place: &Place, found: &mut Vec<Fault>) {
    let Some(member) = node.member(key) else { return };
    let place = place.key(key);
    found
        .extend(suspicious(&member.value.to_value()).into_iter().map(|error| fault(&place, error)));
}

fn fault(place: &Place, error: ExprError) -> Fault {
    let steps = error.pointer.split('/').skip(1).map(step);
    let place = steps.fold(place.clone(), |place, step| match step {
        Step::Key(key) => place.key(key),
        Step::Item(index) => place.item(index),
    });
    Fault { place, message: error.message, hint: error.hint, part: Some(error.span) }
}
