//! Which passwords are taken: long ones that are not on the lists, with no other rules (NIST
//! 800-63B-4).

use convoke_model::Refusal;

/// Fewest characters of a password that stands alone, and what is said of a shorter one.
pub(super) const ALONE: (usize, Refusal) = (15, Refusal::PasswordTooShort);
/// The same for one that a code stands beside.
pub(super) const WITH_CODES: (usize, Refusal) = (8, Refusal::PasswordUnderEight);
/// Most characters.
pub(super) const CHARS_MAX: usize = 128;

/// Long passwords that head published lists of leaked ones, and what people make of short ones.
const COMMON: &str = include_str!("common_passwords.txt");

/// Whether a password is long enough to be used without a code.
pub(super) fn stands_alone(password: &str) -> bool {
    super::normal_password(password).chars().count() >= ALONE.0
}

/// Checks a new password. `least` is its fewest characters and the refusal below them, `about` what
/// an attacker would try first: name, address.
///
/// # Errors
/// The first rule it breaks.
pub fn check(password: &str, least: (usize, Refusal), about: &[&str]) -> Result<(), Refusal> {
    let length = password.chars().count();
    if length < least.0 {
        return Err(least.1);
    }
    if length > CHARS_MAX {
        return Err(Refusal::PasswordTooLong);
    }
    let folded: Vec<char> =
        password.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let text: String = folded.iter().collect();
    let typed: Vec<char> = password.chars().collect();
    if is_repetition(&typed)
        || is_repetition(&folded)
        || is_walk(&folded)
        || COMMON.lines().any(|line| line == text)
    {
        return Err(Refusal::PasswordTooCommon);
    }
    let mut rest = text.replace("convoke", "").replace("password", "");
    for word in about {
        for piece in word.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
            if piece.chars().count() >= 4 {
                rest = rest.replace(piece, "");
            }
        }
    }
    // What is left after the obvious words has to stand for itself.
    if text.chars().count() >= 8 && rest.chars().count() < 6 {
        return Err(Refusal::PasswordTooCommon);
    }
    Ok(())
}

/// One piece of up to eight characters over and over.
fn is_repetition(text: &[char]) -> bool {
    (1..=8).any(|piece| {
        text.len() >= 2 * piece && text.iter().zip(&text[piece..]).all(|(a, b)| a == b)
    })
}

/// Nothing but steps along the alphabet, the digits or a row of keys.
fn is_walk(text: &[char]) -> bool {
    const ROWS: [&str; 5] =
        ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let steps = |a: char, b: char| {
        ROWS.iter().any(|row| {
            let next = |from: char, to: char| {
                row.find(from).and_then(|at| row[at + from.len_utf8()..].chars().next()) == Some(to)
            };
            next(a, b) || next(b, a)
        })
    };
    let walked = text.windows(2).filter(|pair| steps(pair[0], pair[1])).count();
    // A few jumps between rows do not make it hard to guess.
    !text.is_empty() && walked + 3 >= text.len().saturating_sub(1) && walked > text.len() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_judged_by_length_and_lists_only() {
        let about = ["ann.smith@example.org", "Ann Smith"];
        let table = [
            ("", Err(Refusal::PasswordTooShort)),
            ("Tr0ub4dor&3!!!", Err(Refusal::PasswordTooShort)),
            ("correct horse battery staple", Err(Refusal::PasswordTooCommon)),
            ("purple kettle moonwalk ledger", Ok(())),
            ("一二三四五六七八九十百千万亿兆", Ok(())),
            ("aaaaaaaaaaaaaaa", Err(Refusal::PasswordTooCommon)),
            ("abcabcabcabcabcabc", Err(Refusal::PasswordTooCommon)),
            ("passwordpassword", Err(Refusal::PasswordTooCommon)),
            ("Password Password", Err(Refusal::PasswordTooCommon)),
            ("1234567890123456", Err(Refusal::PasswordTooCommon)),
            ("qwertyuiopasdfghjkl", Err(Refusal::PasswordTooCommon)),
            ("abcdefghijklmnop", Err(Refusal::PasswordTooCommon)),
            ("convoke-password-1", Err(Refusal::PasswordTooCommon)),
            ("smith.example.2024", Err(Refusal::PasswordTooCommon)),
            ("...............", Err(Refusal::PasswordTooCommon)),
        ];
        for (password, expected) in table {
            assert_eq!(check(password, ALONE, &about), expected, "{password}");
        }
        let long = "kettle moonwalk ".repeat(9);
        assert_eq!(check(&long, ALONE, &about), Err(Refusal::PasswordTooLong));
    }

    #[test]
    fn beside_a_code_eight_characters_do() {
        assert_eq!(check("kettle7", WITH_CODES, &[]), Err(Refusal::PasswordUnderEight));
        assert_eq!(check("kettle-7", WITH_CODES, &[]), Ok(()));
        assert_eq!(check("12345678", WITH_CODES, &[]), Err(Refusal::PasswordTooCommon));
        assert!(!stands_alone("kettle-7") && stands_alone("kettle moonwalk"));
    }
}
