//! The guide to machines: its files are checked and drawn, its commands are run, and what it shows
//! of their output is what they print.
//!
//! A comment `<!-- file door.yaml -->` gives the `yaml` block after it a name in the page's folder.
//! A `sh` block whose first line begins with `fsm ` is run in that folder; a `json`, `mermaid`, or
//! `text` block right after it is what it prints.

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
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut file = None;
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(name) = line.strip_prefix("<!-- file ") {
            file = name.strip_suffix(" -->").map(str::to_owned);
        }
        let Some(language) = line.strip_prefix("```") else { continue };
        let text: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let (language, text) = (language.to_owned(), text.join("\n") + "\n");
        blocks.push(Block { line: index + 1, language, text, file: file.take() });
    }
    assert_eq!(file, None, "a name without a file");
    blocks
}

/// What a script of a page printed: stdout, and stderr where it failed.
fn shell(script: &str, folder: &Path) -> Result<String, String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_fsm")).parent().expect("its folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(binary.to_owned()).chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-ec", script])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(paths).expect("paths without colons"))
        .env("NO_COLOR", "1")
        .env_remove("FSM_LOG")
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Runs what a page shows; returns what is not as it says, and how many files and scripts it has.
fn walk(name: &str, page: &str) -> (Vec<String>, usize) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guide-{name}"));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let mut faults = Vec::new();
    let mut walked = 0;
    let blocks = blocks(page);
    let mut blocks = blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        let place = format!("{name}:{}", block.line);
        if block.language == "yaml" && block.text.starts_with("fsm: 1") {
            let Some(file) = &block.file else {
                faults.push(format!("{place}: the file has no name"));
                continue;
            };
            walked += 1;
            fs::write(folder.join(file), &block.text).expect("it can be written");
            for script in [format!("fsm check {file}"), format!("fsm dot {file}")] {
                if let Err(said) = shell(&script, &folder) {
                    faults.push(format!("{place}: {script}\n{said}"));
                }
            }
        }
        if block.language != "sh" || !block.text.starts_with("fsm ") {
            continue;
        }
        walked += 1;
        let shown = blocks.next_if(|it| ["json", "mermaid", "text"].contains(&&*it.language));
        match (shell(&block.text, &folder), shown) {
            (Err(said), _) => faults.push(format!("{place}: {}{said}", block.text)),
            (Ok(_), None) => {}
            (Ok(printed), Some(shown)) => {
                let json = |text: &str| serde_json::from_str::<Value>(text).ok();
                let same = match shown.language.as_str() {
                    "json" => json(&printed).is_some() && json(&printed) == json(&shown.text),
                    _ => printed == shown.text,
                };
                if !same {
                    faults.push(format!("{place}: {}prints\n{printed}", block.text));
                }
            }
        }
    }
    fs::remove_dir_all(&folder).expect("what was made can be removed");
    (faults, walked)
}

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/machines")
}

#[test]
fn every_file_and_command_of_the_guide_does_what_its_page_says() {
    let mut wrong = Vec::new();
    for (page, least) in [("files.md", 8), ("drawing.md", 6)] {
        let text = fs::read_to_string(guide().join(page)).expect("a page of the guide");
        let (faults, walked) = walk(page, &text);
        assert!(walked >= least, "{page} shows files and commands: {walked}");
        wrong.extend(faults);
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
";
    let (faults, walked) = walk("wrong", page);
    assert_eq!((faults.len(), walked), (2, 3), "{faults:#?}");
    assert!(faults[0].starts_with("wrong:9: fsm simulate"), "{}", faults[0]);
    assert!(faults[1].contains("lump.yaml"), "{}", faults[1]);
}

#[test]
fn the_guide_lists_its_pages_and_every_page_is_a_test() {
    let index = fs::read_to_string(guide().join("README.md")).expect("the index of the guide");
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/src/lib.rs");
    let tests = fs::read_to_string(library).expect("where the snippets run");
    for entry in fs::read_dir(guide()).expect("the guide") {
        let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
        if name != "README.md" && name.ends_with(".md") {
            assert!(index.contains(&format!("({name})")), "the index names {name}");
            assert!(tests.contains(&format!("docs/machines/{name}")), "the snippets of {name} run");
        }
    }
}
