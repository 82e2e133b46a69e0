//! Machine files proven on what they write themselves.

mod random;
mod repository;
mod soundness;
mod stories;
