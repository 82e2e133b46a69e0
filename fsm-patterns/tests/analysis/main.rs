//! When conditions can hold: pairs with known answers, and a search of another kind that has to agree.

mod brute;
mod flows;
mod pairs;
