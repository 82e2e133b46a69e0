//! The model checker: textbook models, cases on the edge, and a slow and simple reference.

mod bounds;
mod maps;
mod models;
mod paths;
mod philosophers;
mod reduction;
mod reference;
mod reports;
mod two_phase;
