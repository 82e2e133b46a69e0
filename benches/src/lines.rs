//! How many lines a machine takes, counted in the file that is measured.
//!
//! What belongs to one machine stands between two comments, `// begin: NAME` and `// end: NAME`.
//! Lines count that hold code: blank ones and comments, documentation among them, do not.

/// The lines of code between `begin` and `end` of each of `names`, all of which are in `source`.
///
/// # Panics
/// If a part is not there, or does not end: a count that misses something is worse than none.
pub fn of(source: &str, names: &[&str]) -> usize {
    names.iter().map(|name| part(source, name)).sum()
}

fn part(source: &str, name: &str) -> usize {
    let begin = format!("// begin: {name}");
    let end = format!("// end: {name}");
    let mut inside = source.lines().map(str::trim).skip_while(|line| *line != begin).skip(1);
    let mut count = 0;
    loop {
        match inside.next() {
            None => panic!("the part `{name}` is not there, or does not end"),
            Some(line) if line == end => return count,
            Some(line) => count += usize::from(!line.is_empty() && !line.starts_with("//")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    const SOURCE: &str = "\
/// Not counted.
use std::fmt;
// begin: state
/// A state.
enum State {
    // A comment.
    Open,

    Closed,
}
// end: state
fn between() {}
    // begin: machine
    one();
    two(); // counts
    // end: machine
";

    #[test]
    fn lines_of_code_count_and_blank_ones_and_comments_do_not() {
        assert_eq!(of(SOURCE, &["state"]), 4);
        assert_eq!(of(SOURCE, &["machine"]), 2);
        assert_eq!(of(SOURCE, &["state", "machine"]), 6);
    }

    #[test]
    #[should_panic(expected = "`lock` is not there")]
    fn a_part_that_is_missing_is_not_counted_as_nothing() {
        of(SOURCE, &["lock"]);
    }
}
