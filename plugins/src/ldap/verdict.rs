//! What a directory's refusal of a bind means: Active Directory's own numbers, and the plain codes.

use ldap3::LdapResult;

use crate::outcome::{Denial, Fault};

/// What a bind came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// It is them.
    Yes,
    /// It is not, and why.
    No(Denial),
    /// Nobody can say.
    Unknown(Fault),
}

const SUCCESS: u32 = 0;
const INVALID_CREDENTIALS: u32 = 49;
const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_DN: u32 = 34;
const CONSTRAINT_VIOLATION: u32 = 19;

/// Whether another server may do better: time or administrative limit exceeded, busy, unavailable,
/// other.
pub(super) fn is_of_this_server(code: u32) -> bool {
    [3, 11, 51, 52, 80].contains(&code)
}

/// Reads the answer to a person's bind.
pub(super) fn bound(result: &LdapResult) -> Bound {
    match result.rc {
        SUCCESS => Bound::Yes,
        INVALID_CREDENTIALS | CONSTRAINT_VIOLATION => {
            Bound::No(sub_code(&result.text).map_or(Denial::WrongPassword, denial))
        }
        INAPPROPRIATE_AUTHENTICATION | NO_SUCH_OBJECT | INVALID_DN => {
            Bound::No(Denial::WrongPassword)
        }
        code if is_of_this_server(code) => {
            Bound::Unknown(Fault::Unreachable(format!("the bind was answered with code {code}")))
        }
        code => Bound::Unknown(Fault::Search(format!("the bind was answered with code {code}"))),
    }
}

/// The number in `... AcceptSecurityContext error, data 52e, v1db1`.
pub(super) fn sub_code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("data ")?;
    let digits: &str = rest.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    u32::from_str_radix(digits, 16).ok()
}

/// Active Directory's numbers are Windows' own error codes, in hexadecimal.
fn denial(code: u32) -> Denial {
    match code {
        0x525 => Denial::UnknownPerson,
        0x530 | 0x531 => Denial::NotNow,
        0x532 => Denial::PasswordExpired,
        0x533 => Denial::Disabled,
        0x701 => Denial::Expired,
        0x773 => Denial::MustChange,
        0x775 => Denial::Locked,
        _ => Denial::WrongPassword,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_directorys_numbers_are_told_apart() {
        let answer = |data: &str| LdapResult {
            rc: 49,
            matched: String::new(),
            text: format!(
                "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, {data}"
            ),
            refs: Vec::new(),
            ctrls: Vec::new(),
        };
        for (data, denial) in [
            ("data 525, v3839", Denial::UnknownPerson),
            ("data 52e, v3839", Denial::WrongPassword),
            ("data 530, v3839", Denial::NotNow),
            ("data 531, v3839", Denial::NotNow),
            ("data 532, v3839", Denial::PasswordExpired),
            ("data 533, v3839", Denial::Disabled),
            ("data 701, v3839", Denial::Expired),
            ("data 773, v3839", Denial::MustChange),
            ("data 775, v3839", Denial::Locked),
            ("data ffffffffff", Denial::WrongPassword),
            ("no number", Denial::WrongPassword),
        ] {
            assert_eq!(bound(&answer(data)), Bound::No(denial), "{data}");
        }
        let mut yes = answer("");
        yes.rc = 0;
        assert_eq!(bound(&yes), Bound::Yes);
        for code in [1, 8, 13, 51, 52, 53, 80] {
            yes.rc = code;
            assert!(matches!(bound(&yes), Bound::Unknown(_)), "{code}");
        }
    }
}
