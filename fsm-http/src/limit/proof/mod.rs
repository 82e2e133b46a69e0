//! The rate limits, proven: callers come, wait, are late, give up, and their requests hang, in
//! every order that is possible; what must hold is asked in every state.
//!
//! The buckets are the real ones ([`State`]), and so is how a call goes through several of them
//! ([`Places`]). The model adds the world: a clock that counts seconds, callers that come and go,
//! and its own account of what left when. Points in time are told from now on, so a world that goes
//! on for ever has few states.
//!
//! | file | what it holds |
//! |---|---|
//! | `caller` | who asks |
//! | `world` | the model |
//! | `tests` | what is proven, and planted faults that are found |

mod caller;
mod tests;
mod world;
