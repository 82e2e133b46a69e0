//! The pictures in the docs show what runs.

use std::fs;
use std::path::Path;

#[test]
fn the_picture_in_the_readme_is_the_graph_of_the_payment_flow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let text = fs::read_to_string(root.join("examples/flows/payment.yaml")).expect("the flow");
    let loaded = fsm_patterns::file::load("payment.yaml", &text).expect("a sound flow");
    let flow = fsm_patterns::Flow::new(loaded.spec).expect("a flow");
    let kept = fs::read_to_string(root.join("docs/payment.dot")).expect("the picture's source");
    assert_eq!(
        flow.drawing().to_dot(),
        kept,
        "draw it anew: fsm dot examples/flows/payment.yaml -o docs/payment.dot \
         && dot -Tsvg docs/payment.dot > docs/payment.svg"
    );
}
