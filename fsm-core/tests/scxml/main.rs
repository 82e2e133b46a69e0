//! Statecharts as SCXML means them (W3C Recommendation, 2015), judged by configurations.
//!
//! `standard` runs cases that others wrote, where their folder is at hand; `rules` holds the same
//! semantics with cases of our own, one for each rule, which run everywhere. `chart` reads a chart
//! into a graph, `script` plays events and compares where the tokens stand. `random` holds the
//! kernel to `model`, the algorithm of the recommendation, on charts that nobody thought of.

mod chart;
mod model;
mod random;
mod rules;
mod script;
mod standard;
