//! The examples of machines of one's own tell the stories that they say they tell.

#[path = "../examples/door.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod door;

fn lines_between(text: &str, begin: &str, end: &str) -> usize {
    let inside = text.split(begin).nth(1).and_then(|rest| rest.split(end).next());
    let lines = inside.expect("both marks are there").lines();
    lines.filter(|line| !line.trim_start_matches("//!").trim().is_empty()).count()
}

#[test]
fn the_door_opens_to_its_code_only_and_says_why_it_stays_shut() {
    assert_eq!(
        door::story().expect("a sound machine"),
        [
            "Turn(0): event `Turn` is not accepted in state Closed: guard `code given` does not hold",
            "Turn(42): Locked",
            "Turn(7): Locked",
            "Push: event `Push` is not accepted in state Locked",
            "Kick(9): Broken",
        ]
    );
}

#[test]
fn the_door_asks_for_no_more_lines_than_statig_does() {
    let text = include_str!("../examples/door.rs");
    let ours = lines_between(text, "// The machine begins here.\n", "// The machine ends here.");
    let theirs = lines_between(text, "//! ```text\n", "//! ```\n");
    assert!(ours <= theirs, "{ours} lines beside {theirs}");
    assert!(text.contains(&format!("below are {ours} lines")), "{ours}, says the count");
    assert!(text.contains(&format!("same door takes {theirs}\n")), "{theirs}, says the count");
}
