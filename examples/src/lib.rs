//! Nothing to import: the stories are in `examples/examples`, the flow files in `examples/flows`,
//! and `examples/README.md` says how to run them.

/// The README's snippets, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
