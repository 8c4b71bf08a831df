//! A certificate, for people to read: whose it is, who vouches for it, and until when.

use std::net::IpAddr;

use convoke_model::Millis;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

/// Names that are shown; a certificate may have thousands.
const NAMES_MAX: usize = 100;
/// So long before its end somebody should do something about it.
const WARNED_BEFORE_MS: u64 = 14 * DAY_MS;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What people should know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CertificateDetails)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Hosts and addresses it is good for.
    pub names: Vec<String>,
    /// Who vouches for it.
    pub issuer: String,
    /// Since when it is good.
    #[schema(value_type = u64)]
    pub begins_ms: Millis,
    /// Until when.
    #[schema(value_type = u64)]
    pub ends_ms: Millis,
    /// SHA-256 of all of it, in hexadecimal, to compare.
    pub fingerprint: String,
}

/// How near its end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// Far enough.
    Far,
    /// It ends in so many days, the last one begun counted.
    Days(u64),
    /// It has ended: browsers turn people away.
    Ended,
    /// It has not begun yet: browsers turn people away.
    NotYet,
}

impl Certificate {
    /// Reads one. `None` when it is not what its form says.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, found) = X509Certificate::from_der(der).ok()?;
        let names = found.subject_alternative_name().ok().flatten();
        let names = names.map(|names| &names.value.general_names).into_iter().flatten();
        let validity = found.validity();
        let ms = |seconds: i64| Millis(u64::try_from(seconds).unwrap_or(0).saturating_mul(1000));
        Some(Self {
            subject: words(found.subject()),
            names: names.filter_map(name).take(NAMES_MAX).collect(),
            issuer: words(found.issuer()),
            begins_ms: ms(validity.not_before.timestamp()),
            ends_ms: ms(validity.not_after.timestamp()),
            fingerprint: Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// How near its end is.
    #[must_use]
    pub fn nearness(&self, now: Millis) -> Nearness {
        let left = self.ends_ms.since(now);
        if now < self.begins_ms {
            Nearness::NotYet
        } else if left == 0 {
            Nearness::Ended
        } else if left <= WARNED_BEFORE_MS {
            Nearness::Days(left.div_ceil(DAY_MS))
        } else {
            Nearness::Far
        }
    }
}

/// `CN=..., O=...`, without what would move the text around it.
fn words(name: &X509Name<'_>) -> String {
    name.to_string().chars().filter(|c| !c.is_control()).take(300).collect()
}

fn name(of: &GeneralName<'_>) -> Option<String> {
    match of {
        GeneralName::DNSName(host) => Some((*host).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::URI(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Vec<u8> {
        let pair = rcgen::KeyPair::generate().expect("a key");
        let names = ["meet.example.org".to_owned(), "192.0.2.7".to_owned(), "::1".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).expect("names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Meet");
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 3, 1);
        params.self_signed(&pair).expect("signed").der().to_vec()
    }

    #[test]
    fn it_says_whose_it_is_and_until_when() {
        let der = made();
        let found = Certificate::read(&der).expect("read");
        assert_eq!((found.subject.as_str(), found.issuer.as_str()), ("CN=Meet", "CN=Meet"));
        assert_eq!(found.names, ["meet.example.org", "192.0.2.7", "::1"]);
        assert_eq!(found.begins_ms, Millis(1_767_225_600_000));
        assert_eq!(found.ends_ms, Millis(1_772_323_200_000));
        assert_eq!(found.fingerprint.len(), 64);
    }

    #[test]
    fn its_end_comes_nearer() {
        let found = Certificate::read(&made()).expect("read");
        let before = |ms: u64| found.nearness(Millis(found.ends_ms.0 - ms));
        assert_eq!(before(15 * DAY_MS), Nearness::Far);
        assert_eq!(before(14 * DAY_MS), Nearness::Days(14));
        assert_eq!(before(DAY_MS + 1), Nearness::Days(2));
        assert_eq!(before(1), Nearness::Days(1));
        assert_eq!(before(0), Nearness::Ended);
        assert_eq!(found.nearness(Millis(found.ends_ms.0 + 1)), Nearness::Ended);
        assert_eq!(found.nearness(Millis(found.begins_ms.0 - 1)), Nearness::NotYet);
    }

    #[test]
    fn what_is_none_is_not_read() {
        let der = made();
        for cut in [0, 1, der.len() / 2, der.len() - 1] {
            assert_eq!(Certificate::read(&der[..cut]), None, "{cut}");
        }
        assert_eq!(Certificate::read(b"-----BEGIN CERTIFICATE-----"), None);
    }
}
