//! What a change does: single changes in words, and that a diff sees whatever a fingerprint sees.

#[path = "diff/sketch.rs"]
mod sketch;

use fsm_core::GraphDiff;
use fsm_testkit::strategies::{Size, any_graph};
use proptest::prelude::*;

#[test]
fn dump() {
    let old = sketch::everything();
    for (what, mutation) in sketch::MUTATIONS {
        let mut n = 0;
        for pick in 0..25 {
            for other in 0..25 {
                if let Some(new) = sketch::mutated(&old, mutation, pick, other) {
                    let diff = GraphDiff::between(&old, &new);
                    assert_eq!(diff.is_empty(), old.fingerprint() == new.fingerprint());
                    n += 1;
                    if !diff.is_empty() && n < 60 {
                        println!("== {what} {pick} {other}\n{diff}");
                    }
                }
            }
        }
        println!("== {what}: {n}");
    }
}
