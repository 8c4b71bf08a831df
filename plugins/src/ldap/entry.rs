//! An entry as it was found, and what of it tells who somebody is.

use std::collections::BTreeMap;

use ldap3::SearchEntry;

use super::settings::Attributes;
use crate::profile::Profile;

/// Characters of one value that are kept.
const VALUE_CHARS_MAX: usize = 500;
/// Values of one attribute for scripts that are kept.
const VALUES_MAX: usize = 50;

/// An entry, by its attributes' names in lower case.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) dn: String,
    values: BTreeMap<String, Vec<String>>,
}

impl Entry {
    pub(super) fn new(found: SearchEntry) -> Self {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, texts) in found.attrs {
            values.entry(name.to_ascii_lowercase()).or_default().extend(texts);
        }
        for (name, bytes) in found.bin_attrs {
            let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            values.entry(name.to_ascii_lowercase()).or_default().extend(bytes.into_iter().map(hex));
        }
        Self { dn: found.dn, values }
    }

    /// All values of an attribute.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.values.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Its first value, as one bounded line.
    pub(super) fn first(&self, name: &str) -> Option<String> {
        let value = self.all(name).first()?;
        let line: String =
            value.chars().filter(|c| !c.is_control()).take(VALUE_CHARS_MAX).collect();
        let line = line.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// Who this is.
    pub(super) fn profile(&self, map: &Attributes) -> Profile {
        let others = map.others.iter().filter_map(|name| {
            let values: Vec<&str> =
                self.all(name).iter().take(VALUES_MAX).map(String::as_str).collect();
            let text: String = values.join("\n").chars().take(VALUE_CHARS_MAX).collect();
            (!text.is_empty()).then(|| (name.clone(), text))
        });
        Profile {
            first_name: self.first(&map.first_name),
            last_name: self.first(&map.last_name),
            phone: self.first(&map.phone),
            email: self.first(&map.email),
            user_id: self.first(&map.user_id),
            time_zone: self.first(&map.time_zone),
            others: others.collect(),
            ..Profile::default()
        }
    }
}

/// The names of the attributes to ask for; never an empty list, which would mean all of them.
pub(super) fn asked(map: &Attributes) -> Vec<String> {
    let Attributes { first_name, last_name, phone, email, user_id, time_zone, member_of, others } =
        map;
    let mut names: Vec<String> =
        [first_name, last_name, phone, email, user_id, time_zone, member_of]
            .into_iter()
            .chain(others)
            .filter(|name| !name.is_empty())
            .cloned()
            .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        names.push("1.1".to_owned());
    }
    names
}

/// A DN in one spelling, to compare and to count: no blanks around separators, lower case.
///
/// Escapes are left as they are: two spellings of one DN may look different here, never two DNs the
/// same.
pub(super) fn one_spelling(dn: &str) -> String {
    let mut out = String::with_capacity(dn.len());
    let (mut escaped, mut after_separator, mut blanks) = (false, true, 0);
    for c in dn.trim().chars() {
        let separator = !escaped && [',', '=', '+', ';'].contains(&c);
        if c == ' ' && !escaped {
            // Kept until it is known what follows; dropped next to a separator.
            blanks += usize::from(!after_separator);
            continue;
        }
        if !separator {
            out.extend(std::iter::repeat_n(' ', blanks));
        }
        blanks = 0;
        out.extend(c.to_lowercase());
        after_separator = separator;
        escaped = !escaped && c == '\\';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::one_spelling;

    #[test]
    fn one_dn_is_compared_in_one_spelling() {
        assert_eq!(one_spelling("CN=Staff, OU=Groups ,DC=Ex"), "cn=staff,ou=groups,dc=ex");
        assert_eq!(one_spelling("cn=a\\, b,dc=x"), "cn=a\\, b,dc=x");
        assert_ne!(one_spelling("cn=a\\,b,dc=x"), one_spelling("cn=a,b,dc=x"));
        assert_eq!(one_spelling("cn=a\\ ,dc=x"), "cn=a\\ ,dc=x");
        assert_eq!(one_spelling("cn=a  b,dc=x"), "cn=a  b,dc=x");
    }
}
