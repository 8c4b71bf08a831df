//! Time zones as people choose them.

use convoke_model::Refusal;
use convoke_model::text::Zone;

/// The zone of what was typed; `None` for nothing, which is no choice.
///
/// # Errors
/// `zone_invalid` for what is no zone of this machine's database. A machine without one takes
/// whatever has the form of a name.
pub fn zone(typed: &str) -> Result<Option<Zone>, Refusal> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let formed = typed.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
    let database = jiff::tz::db();
    let there = database.is_definitively_empty() || database.get(typed).is_ok();
    let zone = Zone::new(typed).ok().filter(|_| formed && there);
    zone.map(Some).ok_or(Refusal::ZoneInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_names_and_nothing_is_no_choice() {
        assert_eq!(zone(" "), Ok(None));
        let berlin = zone("Europe/Berlin").expect("a zone").expect("chosen");
        assert_eq!(berlin.as_str(), "Europe/Berlin");
        for typed in ["../etc/passwd", "Europe/Ber lin", "<b>", &"x".repeat(100)] {
            assert_eq!(zone(typed), Err(Refusal::ZoneInvalid), "{typed}");
        }
    }
}
