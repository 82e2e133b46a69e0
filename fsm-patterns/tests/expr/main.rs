//! The expression language, seen from outside: one file a concept, and the documents of the
//! Arazzo Specification as a judge from elsewhere.

mod arazzo;
mod computations;
mod conditions;
mod expressions;
mod properties;
mod templates;
mod urls;
mod world;
