//! The guides to machines and to testing: their files are checked and drawn, their commands are run,
//! and what they show of the output is what is printed.
//!
//! A comment `<!-- file door.yaml -->` gives the `yaml` block after it a name in the page's folder.
//! A `sh` block whose first line begins with `fsm ` is run in that folder. It ends with 0, or with
//! what a comment `<!-- exit 2 -->` before it says. A `json` or `mermaid` block right after it is what
//! it prints on stdout; a `text` block is all that a terminal shows, stderr included. Where the variable
//! `FSM_WRITE_PAGES` is set, `text` blocks are written anew, to be read in the diff.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A block of a page, and the comment before it.
#[derive(Debug)]
struct Block {
    line: usize,
    language: String,
    text: String,
    /// What the comment `<!-- file NAME -->` before it says.
    file: Option<String>,
    /// What the comment `<!-- exit CODE -->` before it says, or 0.
    exit: i32,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut file, mut exit) = (None, None);
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(name) = line.strip_prefix("<!-- file ") {
            file = name.strip_suffix(" -->").map(str::to_owned);
        }
        if let Some(code) = line.strip_prefix("<!-- exit ") {
            let code = code.strip_suffix(" -->").and_then(|code| code.parse().ok());
            exit = Some(code.expect("an exit code"));
        }
        let Some(language) = line.strip_prefix("```") else { continue };
        let text: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let (language, text) = (language.to_owned(), text.join("\n") + "\n");
        let exit = exit.take().unwrap_or(0);
        blocks.push(Block { line: index + 1, language, text, file: file.take(), exit });
    }
    assert_eq!((file, exit), (None, None), "a comment without a block");
    blocks
}

/// What came of a script of a page.
struct Printed {
    exit: Option<i32>,
    stdout: String,
    /// Stdout and stderr, as a terminal shows them.
    shown: String,
}

fn shell(script: &str, folder: &Path) -> Printed {
    let binary = Path::new(env!("CARGO_BIN_EXE_fsm")).parent().expect("its folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(binary.to_owned()).chain(std::env::split_paths(&path));
    let paths = std::env::join_paths(paths).expect("paths without colons");
    let run = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-ec", script]).current_dir(folder).stdin(Stdio::null());
        command
            .env("PATH", &paths)
            .env("NO_COLOR", "1")
            .env_remove("FSM_LOG")
            .env_remove("FSM_JOURNAL");
        command.output().expect("there is a shell")
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (apart, together) = (run(script), run(&format!("exec 2>&1\n{script}")));
    Printed { exit: apart.status.code(), stdout: text(apart.stdout), shown: text(together.stdout) }
}

/// What came of running all that a page shows.
struct Walked {
    /// What is not as it says.
    faults: Vec<String>,
    /// How many files and scripts it has.
    count: usize,
    /// The page with the text blocks that it should have.
    page: String,
}

fn walk(name: &str, page: &str) -> Walked {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guide-{name}"));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let mut faults = Vec::new();
    let mut count = 0;
    let mut put_right = page.to_owned();
    let blocks = blocks(page);
    let mut blocks = blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        let place = format!("{name}:{}", block.line);
        if block.language == "yaml" && block.text.starts_with("fsm: 1") {
            let Some(file) = &block.file else {
                faults.push(format!("{place}: the file has no name"));
                continue;
            };
            count += 1;
            fs::write(folder.join(file), &block.text).expect("it can be written");
            for script in [format!("fsm check {file}"), format!("fsm dot {file}")] {
                let printed = shell(&script, &folder);
                if printed.exit != Some(0) {
                    faults.push(format!("{place}: {script}\n{}", printed.shown));
                }
            }
        }
        if block.language != "sh" || !block.text.starts_with("fsm ") {
            continue;
        }
        count += 1;
        let shown = blocks.next_if(|it| ["json", "mermaid", "text"].contains(&&*it.language));
        let Printed { exit, stdout, shown: terminal } = shell(&block.text, &folder);
        if exit != Some(block.exit) {
            faults.push(format!("{place}: {}ends with {exit:?}\n{terminal}", block.text));
            continue;
        }
        let Some(shown) = shown else { continue };
        let json = |text: &str| serde_json::from_str::<Value>(text).ok();
        let (same, printed) = match shown.language.as_str() {
            "json" => (json(&stdout).is_some() && json(&stdout) == json(&shown.text), stdout),
            // Diagnostics end with an empty line.
            "text" => (terminal.trim_end() == shown.text.trim_end(), terminal),
            _ => (stdout == shown.text, stdout),
        };
        if !same && shown.language == "text" {
            let block = |text: &str| format!("```text\n{}\n```\n", text.trim_end());
            put_right = put_right.replace(&block(&shown.text), &block(&printed));
        }
        if !same {
            faults.push(format!("{place}: {}prints\n{printed}", block.text));
        }
    }
    fs::remove_dir_all(&folder).expect("what was made can be removed");
    Walked { faults, count, page: put_right }
}

fn guide(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

#[test]
fn every_file_and_command_of_the_guides_does_what_its_page_says() {
    let pages = [
        ("machines", "files.md", 8),
        ("machines", "drawing.md", 6),
        ("testing", "proving.md", 5),
        ("testing", "counterexamples.md", 5),
        ("testing", "guards.md", 7),
    ];
    let mut wrong = Vec::new();
    for (folder, page, least) in pages {
        let path = guide(folder).join(page);
        let text = fs::read_to_string(&path).expect("a page of the guide");
        let walked = walk(page, &text);
        assert!(walked.count >= least, "{page} shows files and commands: {}", walked.count);
        if std::env::var_os("FSM_WRITE_PAGES").is_some() {
            fs::write(path, walked.page).expect("the page can be written");
        }
        wrong.extend(walked.faults);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_page_that_says_what_is_not_so_is_found_out() {
    let page = "\
<!-- file lamp.yaml -->
```yaml
fsm: 1
name: lamp
initial: dark
states: { dark: { on: { press: lit } }, lit: { on: { press: dark } } }
```

```sh
fsm simulate lamp.yaml --events press
```

```json
{ \"path\": [\"dark\", \"dark\"] }
```

```sh
fsm check lump.yaml
```

<!-- exit 2 -->
```sh
fsm check lamp.yaml
```

```sh
fsm check ./lamp.yaml
```

```text
lamp.yaml: ok
```
";
    let Walked { faults, count, page: put_right } = walk("wrong", page);
    assert_eq!((faults.len(), count), (4, 5), "{faults:#?}");
    assert!(faults[0].starts_with("wrong:9: fsm simulate"), "{}", faults[0]);
    assert!(faults[1].contains("lump.yaml"), "{}", faults[1]);
    assert!(faults[2].contains("ends with Some(0)"), "{}", faults[2]);
    assert!(faults[3].contains("prints\n./lamp.yaml: ok, 2 states"), "{}", faults[3]);
    assert!(put_right.ends_with("```text\n./lamp.yaml: ok, 2 states, 2 transitions\n```\n"));
}

/// The README shows its first flow, proven.
#[test]
fn the_readme_shows_what_a_proof_prints() {
    let path = guide("../README.md");
    let readme = fs::read_to_string(&path).expect("the README");
    let blocks = blocks(&readme);
    let command = "fsm check --deep enrich.yaml\n";
    let at = blocks.iter().position(|block| block.text == command).expect("the command is there");
    let flow = blocks.iter().find(|block| block.language == "yaml").expect("a flow");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide-readme");
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    fs::write(folder.join("enrich.yaml"), &flow.text).expect("it can be written");
    let printed = shell(command, &folder);
    fs::remove_dir_all(&folder).expect("what was made can be removed");
    let shown = &blocks[at + 1].text;
    if std::env::var_os("FSM_WRITE_PAGES").is_some() {
        fs::write(path, readme.replace(shown, &printed.shown)).expect("it can be written");
    }
    assert_eq!((printed.exit, &printed.shown), (Some(0), shown));
}

#[test]
fn the_guides_list_their_pages_and_every_page_is_a_test() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/src/lib.rs");
    let tests = fs::read_to_string(library).expect("where the snippets run");
    for guide in ["machines", "testing"] {
        let folder = self::guide(guide);
        let index = fs::read_to_string(folder.join("README.md")).expect("the index of the guide");
        for entry in fs::read_dir(folder).expect("the guide") {
            let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
            if name != "README.md" && name.ends_with(".md") {
                assert!(index.contains(&format!("({name})")), "the index names {name}");
                assert!(tests.contains(&format!("docs/{guide}/{name}")), "{guide}/{name} runs");
            }
        }
    }
}
