//! The vendor's numbers for time zones, mapped to IANA zones.

/// Ids and labels as the vendor lists them; the zones are our mapping.
const TABLE: &str = include_str!("../../../../schemas/turbo/time_zones.tsv");

/// One of the vendor's time zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone {
    /// The vendor's number.
    pub id: u16,
    /// The vendor's label, of about 2008.
    pub label: &'static str,
    /// The IANA zone.
    pub iana: &'static str,
}

impl TimeZone {
    /// The zone of a number.
    #[must_use]
    pub fn of(id: u16) -> Option<Self> {
        Self::all().find(|zone| zone.id == id)
    }

    /// All of them, in the vendor's order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.lines().skip(1).filter_map(|line| {
            let mut columns = line.split('\t');
            let id = columns.next()?.parse().ok()?;
            Some(Self { id, label: columns.next()?, iana: columns.next()? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TimeZone;

    #[test]
    fn every_line_of_the_table_is_a_zone() {
        let zones: Vec<TimeZone> = TimeZone::all().collect();
        assert_eq!(zones.len(), 85);
        for zone in &zones {
            assert_eq!(TimeZone::of(zone.id), Some(*zone), "{zone:?} has a number of its own");
            assert!(zone.iana.contains('/') || zone.iana == "UTC", "{zone:?}");
        }
        assert_eq!(TimeZone::of(80).map(|zone| zone.iana), Some("America/Los_Angeles"));
        assert_eq!(TimeZone::of(0), None);
    }
}
