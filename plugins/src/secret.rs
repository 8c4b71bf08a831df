//! A password that may be shown to a directory: never empty, and never printed.

use std::fmt;

use zeroize::Zeroizing;

/// Bytes a password may have on its way to somebody else's server.
const BYTES_MAX: usize = 1024;

/// A password with something in it.
///
/// An LDAP server takes a name with an empty password for an anonymous caller and says yes
/// (RFC 4513, 5.1.2). So an empty, blank or cut (NUL) password cannot be made into this type, and
/// nothing here sends any other. `Debug` prints a fixed mark, there is no `Display` and no
/// `PartialEq`, and the memory is overwritten when the value goes.
#[derive(Clone)]
pub struct NonEmptySecret(Zeroizing<String>);

/// Why a text is no password that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableSecret {
    /// Nothing, or nothing but white space.
    #[error("Please enter a password.")]
    Blank,
    /// It has a NUL, at which many servers stop reading.
    #[error("The password has a character that cannot be used.")]
    Nul,
    /// More than 1,024 bytes.
    #[error("The password is too long.")]
    TooLong,
}

impl UnusableSecret {
    /// Its stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Blank => "password_blank",
            Self::Nul => "password_nul",
            Self::TooLong => "password_too_long",
        }
    }
}

impl NonEmptySecret {
    /// Takes a password as it was typed.
    ///
    /// # Errors
    /// When it must not reach the network.
    pub fn new(typed: &str) -> Result<Self, UnusableSecret> {
        if typed.len() > BYTES_MAX {
            return Err(UnusableSecret::TooLong);
        }
        if typed.contains('\0') {
            return Err(UnusableSecret::Nul);
        }
        let blank = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
        if typed.chars().all(blank) {
            return Err(UnusableSecret::Blank);
        }
        Ok(Self(Zeroizing::new(typed.to_owned())))
    }

    /// The password itself. Called where it is sent or hashed, and nowhere else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// Characters of no width, which some servers strip before they look.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

impl fmt::Debug for NonEmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonEmptySecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_could_take_for_nothing_is_no_secret() {
        for blank in ["", " ", "\t\n", "\u{a0}\u{3000}", "\u{200b}", "\u{feff}", "\r"] {
            assert_eq!(NonEmptySecret::new(blank).err(), Some(UnusableSecret::Blank), "{blank:?}");
        }
        for cut in ["\0", "\0secret", "secret\0"] {
            assert_eq!(NonEmptySecret::new(cut).err(), Some(UnusableSecret::Nul), "{cut:?}");
        }
        let long = "x".repeat(1025);
        assert_eq!(NonEmptySecret::new(&long).err(), Some(UnusableSecret::TooLong));
        assert_eq!(
            NonEmptySecret::new(" blanks are part of it ").map(|s| s.expose().len()),
            Ok(23)
        );
    }

    #[test]
    fn a_secret_does_not_show() {
        let secret = NonEmptySecret::new("hunter2").expect("something");
        assert_eq!(format!("{:?}", Some(secret)), "Some(NonEmptySecret)");
    }
}
