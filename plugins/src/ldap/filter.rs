//! Texts with a place for a name: what people type is escaped, so that it stays one value.

use ldap3::{dn_escape, ldap_escape, parse_filter};

/// Bytes a template may have.
const BYTES_MAX: usize = 4096;

/// A text with places for one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// What stands between the places: one more than there are places.
    parts: Vec<String>,
    how: Escape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    /// RFC 4515
    Filter,
    /// RFC 4514
    Dn,
    /// As it is: a name such as `ann@example.org` has no rules of its own.
    Plain,
}

impl Template {
    /// A filter in which `place` stands for a value.
    pub(super) fn filter(text: &str, place: &str) -> Result<Self, String> {
        let template = Self::split(text, place, Escape::Filter)?;
        match parse_filter(template.fill("x")) {
            Ok(_) => Ok(template),
            Err(()) => Err(format!("`{text}` is no LDAP filter")),
        }
    }

    /// What to sign in as: a DN, or another form of name.
    pub(super) fn identity(text: &str) -> Result<Self, String> {
        let how = if text.contains('=') { Escape::Dn } else { Escape::Plain };
        Self::split(text, "{name}", how)
    }

    /// Whether this is a DN.
    pub(super) fn is_dn(&self) -> bool {
        self.how == Escape::Dn
    }

    /// The text with the value in its places.
    pub(super) fn fill(&self, value: &str) -> String {
        let value = match self.how {
            Escape::Filter => ldap_escape(value).into_owned(),
            Escape::Dn => dn_escape(value).into_owned(),
            Escape::Plain => value.to_owned(),
        };
        self.parts.join(&value)
    }

    fn split(text: &str, place: &str, how: Escape) -> Result<Self, String> {
        if text.len() > BYTES_MAX {
            return Err("is too long".to_owned());
        }
        if !text.contains(place) {
            return Err(format!("`{text}` must have {place} in it"));
        }
        Ok(Self { parts: text.split(place).map(str::to_owned).collect(), how })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3::asn1::{ASNTag, PL, StructureTag, Tag};

    fn random() -> impl FnMut() -> u64 {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> 11
        }
    }

    /// A name made of what filters and DNs are made of.
    fn hostile(random: &mut impl FnMut() -> u64) -> String {
        const PIECES: [&str; 32] = [
            "*",
            "(",
            ")",
            "\\",
            "\0",
            "=",
            "&",
            "|",
            "!",
            "~",
            ">",
            "<",
            ":",
            ",",
            "+",
            "\"",
            ";",
            "#",
            " ",
            "/",
            "a",
            "\\2a",
            "\\28",
            ")(uid=*",
            "*)(|(uid=*",
            "(cn=*)",
            ":dn:=",
            "é",
            "张",
            "\u{202e}",
            "\r\n",
            "%2a",
        ];
        let pieces = 1 + random() % 12;
        (0..pieces).map(|_| PIECES[usize::try_from(random() % 32).unwrap_or(0)]).collect()
    }

    fn primitive(tag: StructureTag) -> Vec<u8> {
        match tag.payload {
            PL::P(bytes) => bytes,
            PL::C(_) => panic!("not a value: {tag:?}"),
        }
    }

    /// Name and value of the one equality that a filter consists of.
    fn equality(filter: Tag) -> (Vec<u8>, Vec<u8>) {
        const EQUALITY_MATCH: u64 = 3;
        let tag = filter.into_structure();
        assert_eq!(tag.id, EQUALITY_MATCH, "{tag:?}");
        let PL::C(mut parts) = tag.payload else { panic!("no parts") };
        let value = primitive(parts.pop().expect("a value"));
        let name = primitive(parts.pop().expect("a name"));
        assert!(parts.is_empty());
        (name, value)
    }

    #[test]
    fn ten_thousand_hostile_names_stay_one_value() {
        let template = Template::filter("(uid={name})", "{name}").expect("a filter");
        let mut random = random();
        for _ in 0..10_000 {
            let name = hostile(&mut random);
            let filter = parse_filter(template.fill(&name)).expect("a filter still");
            let (attribute, value) = equality(filter);
            assert_eq!((attribute.as_slice(), value.as_slice()), (&b"uid"[..], name.as_bytes()));
        }
    }

    #[test]
    fn a_name_in_a_dn_stays_one_value() {
        let template = Template::identity("uid={name},dc=org").expect("a template");
        assert!(template.is_dn());
        let mut random = random();
        for _ in 0..10_000 {
            let filled = template.fill(&hostile(&mut random));
            let inner = filled.strip_prefix("uid=").and_then(|rest| rest.strip_suffix(",dc=org"));
            let mut bytes = inner.expect("the frame stands").bytes();
            while let Some(byte) = bytes.next() {
                assert!(!b",+\"<>;=\0".contains(&byte), "{filled}");
                if byte == b'\\' {
                    assert!(bytes.next().is_some() && bytes.next().is_some(), "{filled}");
                }
            }
        }
    }
}
