//! What judges the drawings from outside: Graphviz and Mermaid's own parser; and the names that
//! they are tried with.

use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fsm_core::Graph;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::gallery;

/// Names that some layer of some language could take for its own.
pub(crate) fn nasty_names() -> Vec<String> {
    let names = [
        "say \"hi\"",
        "back\\",
        "\\",
        "\\N\\G",
        "line\nbreak",
        "\r\n",
        "\0",
        "<b>bold</b>",
        "<",
        "&lt;&#60;",
        "&",
        "%% comment",
        "%%{init: {}}%%",
        "%",
        "end",
        "note",
        "state",
        "[*]",
        "direction TB",
        "Direction  LR",
        "\u{202e}rtl",
        "שלום עולם",
        "größe 🦀",
        "   ",
        "\t",
        "--> b : c",
        "a;b",
        "a:b",
        ":::c",
        "#35;",
        "```",
        "1. list",
        "- item",
        "# head",
        "*bold* _it_",
        "www.example.com",
        "http://a.b/?c=d&e",
        "$$x$$",
        "{",
        "}",
        "}}",
        "{{",
        "[[fork]]",
        "<<choice>>",
        "class",
        "style",
        "default",
        "click",
        "href",
        "accTitle : x",
        "accDescr { x",
        "scale 350 width",
        "graph",
        "node",
        "edge",
        "subgraph",
        "digraph",
        "strict",
        "start",
        "s_a",
        "s1",
        "0",
        "-1.5",
        "constructor",
        "__proto__",
        "root",
        "\u{feff}",
        "\u{ffff}",
        "e\u{301}",
        "a\u{85}b",
        "\u{2028}",
        "</svg>",
        "<!--",
        "--",
        "---",
        "=",
        "\"",
        "'",
        "`",
        "/",
        "|",
        "x = 'a' || y",
        "stateDiagram-v2",
        "hide empty description",
        "style:x#y;z",
    ];
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.push("long ".repeat(300));
    names.push("x".repeat(2_000));
    names
}

/// Names for [`gallery::everything`]: nasty ones, and arbitrary text.
pub(crate) fn names() -> impl Strategy<Value = Vec<String>> {
    let arbitrary = proptest::collection::vec(any::<char>(), 1..12)
        .prop_map(|characters| characters.into_iter().collect::<String>());
    let printable = proptest::string::string_regex("[ -~]{1,60}").expect("the pattern is sound");
    let name = prop_oneof![proptest::sample::select(nasty_names()), arbitrary, printable];
    proptest::collection::vec(name, gallery::NAMES * 3).prop_map(|mut names| {
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names.truncate(gallery::NAMES);
        while names.len() < gallery::NAMES {
            names.push(format!("spare {}", names.len()));
        }
        names
    })
}

/// The gallery, every nasty name in every role, and some arbitrary ones; the same on each run.
pub(crate) fn graphs() -> Vec<Graph> {
    let mut graphs: Vec<Graph> = gallery::all().into_iter().map(|(_, graph)| graph).collect();
    let nasty = nasty_names();
    for start in (0..nasty.len()).step_by(5) {
        let names: Vec<String> =
            nasty.iter().cycle().skip(start).take(gallery::NAMES).cloned().collect();
        graphs.push(gallery::everything(&names));
    }
    let mut runner = TestRunner::deterministic();
    for _ in 0..20 {
        let tree = names().new_tree(&mut runner).expect("names can be made");
        graphs.push(gallery::everything(&tree.current()));
    }
    graphs
}

/// Lets Graphviz lay out the drawings and draw them as SVG.
pub(crate) fn check_with_graphviz(drawings: &[String]) {
    if let Err(error) = Command::new("dot").arg("-V").output() {
        assert!(error.kind() == ErrorKind::NotFound, "`dot` does not start: {error}");
        missing("Graphviz (`dot`)");
        return;
    }
    // One call for all: starting `dot` takes longer than drawing.
    let output = fed(Command::new("dot").arg("-Tsvg"), &drawings.concat());
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.trim().is_empty(), "Graphviz: {complaints}");
    let svg = String::from_utf8(output.stdout).expect("Graphviz writes UTF-8");
    assert_eq!(svg.matches("</svg>").count(), drawings.len());
}

/// Lets Mermaid's own parser read the drawings.
pub(crate) fn check_with_mermaid(drawings: &[String]) {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/mermaid");
    if !tool.join("node_modules").is_dir() {
        missing("Mermaid (`npm ci` in .ci/mermaid)");
        return;
    }
    let folder = Folder::new("mermaid");
    for (number, drawing) in drawings.iter().enumerate() {
        fs::write(folder.0.join(format!("{number:03}.mmd")), drawing).expect("a file is written");
    }
    let output = Command::new("node").arg(tool.join("check.mjs")).arg(&folder.0).output();
    let output = output.expect("`node` starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaints}");
    assert!(said.contains(&format!("{} of {0}", drawings.len())), "{said}{complaints}");
}

fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is missing, and CI is set");
    tell(&format!("SKIPPED, nothing was checked: {what} is missing"));
}

/// Tells something past the capture of the test harness, so that a run that passes shows it.
pub(crate) fn tell(what: &str) {
    writeln!(std::io::stderr(), "{what}").expect("standard error can be written");
}

/// Runs a command with `text` on its standard input.
fn fed(command: &mut Command, text: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut input = child.stdin.take().expect("the input is piped");
    let text = text.to_owned();
    // A pipe holds little: the text is written while the output is read.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("the command ends");
    writer.join().expect("the writer ends").expect("the command reads all of its input");
    output
}

/// A folder of our own that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fsm-draw-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder is made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to the system's own cleaning.
        let _ = fs::remove_dir_all(&self.0);
    }
}
