//! Whether a cassette is recorded or played.

use std::env;

use super::error::CassetteError;

/// The variable that says so.
const VARIABLE: &str = "FSM_CASSETTES";

/// Whether a cassette is recorded or played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is played; that there is none is an error.
    Replay,
    /// It is played if it is there, and recorded otherwise.
    Once,
    /// It is recorded, also where it is there.
    Record,
}

impl Mode {
    /// The mode that the environment asks for: `FSM_CASSETTES` is `replay`, `once`, or `record`.
    /// Without it, [`Replay`](Self::Replay) where `CI` is set, and [`Once`](Self::Once) elsewhere.
    ///
    /// # Errors
    /// [`CassetteError::Mode`] where `FSM_CASSETTES` is something else.
    pub fn from_env() -> Result<Self, CassetteError> {
        let set = |name| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let in_ci = set("CI").is_some_and(|value| !matches!(value.as_str(), "" | "false" | "0"));
        Self::from_values(set(VARIABLE).as_deref(), in_ci)
    }

    pub(super) fn from_values(cassettes: Option<&str>, in_ci: bool) -> Result<Self, CassetteError> {
        match cassettes {
            Some("replay") => Ok(Self::Replay),
            Some("once") => Ok(Self::Once),
            Some("record") => Ok(Self::Record),
            None if in_ci => Ok(Self::Replay),
            None => Ok(Self::Once),
            Some(value) => Err(CassetteError::Mode { value: value.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_recorded_by_accident_in_ci() {
        let table = [
            (None, true, Some(Mode::Replay)),
            (None, false, Some(Mode::Once)),
            (Some("record"), true, Some(Mode::Record)),
            (Some("once"), true, Some(Mode::Once)),
            (Some("replay"), false, Some(Mode::Replay)),
            (Some("Replay"), false, None),
            (Some(""), true, None),
        ];
        for (value, in_ci, expected) in table {
            assert_eq!(Mode::from_values(value, in_ci).ok(), expected, "{value:?} {in_ci}");
        }
    }
}
