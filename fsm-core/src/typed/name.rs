//! What states and events are called: what `Debug` prints, and a dot where an enum lies in another.

use std::fmt::Debug;

/// `Closed`, and `On.Playing` for `On(Playing)`: as in machine files, what lies within a state is
/// told by dots. What carries anything else than variants is called as it is printed.
pub(super) fn state_name<S: Debug>(state: &S) -> String {
    let printed = format!("{state:?}");
    let opened = printed.trim_end_matches(')');
    let parts: Vec<&str> = opened.split('(').collect();
    let closed = printed.len() - opened.len();
    let is_nested = parts.len() > 1 && parts.len() == closed + 1;
    match is_nested && parts.iter().all(|part| is_identifier(part)) {
        true => parts.join("."),
        false => printed,
    }
}

/// `Turn` of `Turn(42)` or `Turn { code: 42 }`.
pub(super) fn variant_name<E: Debug>(event: &E) -> String {
    let printed = format!("{event:?}");
    let end = printed.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(printed.len());
    printed[..end].to_owned()
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::{state_name, variant_name};

    #[derive(Debug)]
    #[allow(dead_code, reason = "what they carry is printed")]
    enum Player {
        Off,
        On(On),
        Paused { at: u32 },
        Track(u32),
        Named(&'static str),
        Pair(On, On),
    }

    #[derive(Debug)]
    enum On {
        Playing,
        Fast(Speed),
    }

    #[derive(Debug)]
    enum Speed {
        Double,
    }

    #[test]
    fn a_state_is_called_what_debug_prints_with_a_dot_where_an_enum_lies_in_another() {
        let names = [
            (Player::Off, "Off"),
            (Player::On(On::Playing), "On.Playing"),
            (Player::On(On::Fast(Speed::Double)), "On.Fast.Double"),
            (Player::Paused { at: 3 }, "Paused { at: 3 }"),
            (Player::Track(7), "Track(7)"),
            (Player::Named("(a"), "Named(\"(a\")"),
            (Player::Pair(On::Playing, On::Playing), "Pair(Playing, Playing)"),
        ];
        for (state, name) in names {
            assert_eq!(state_name(&state), name);
        }
    }

    #[test]
    fn an_event_is_called_after_its_variant_whatever_it_carries() {
        assert_eq!(variant_name(&Player::Track(7)), "Track");
        assert_eq!(variant_name(&Player::Paused { at: 3 }), "Paused");
        assert_eq!(variant_name(&Player::Off), "Off");
    }
}
