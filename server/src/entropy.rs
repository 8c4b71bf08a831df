//! The only place that mints identifiers, tokens and keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_model::{ClientId, MeetingId};

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give; going on would mean guessable tokens.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A token of `N` random bytes as base64url without padding: 16 for tickets, 32 for sign-ins.
#[must_use]
pub fn token<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<N>())
}

/// A client's identity over its reconnects. Never 0, which means "no client".
#[must_use]
pub fn client_id() -> ClientId {
    loop {
        let id = u64::from_le_bytes(bytes());
        if id != 0 {
            return ClientId(id);
        }
    }
}

/// A meeting number that is never drawn. It stands in for numbers that cannot be meetings, so that
/// the same work is done for them.
pub const NO_MEETING: u32 = MeetingId::FIRST;

/// A meeting number, each one (but [`NO_MEETING`]) equally likely; whether it is free is for the
/// caller to see.
#[must_use]
pub fn meeting_id() -> MeetingId {
    const SPAN: u32 = MeetingId::LAST - MeetingId::FIRST;
    // The largest multiple of SPAN: numbers above it would make small ids likelier.
    const FAIR: u32 = u32::MAX - u32::MAX % SPAN;
    loop {
        let drawn = u32::from_le_bytes(bytes());
        if drawn < FAIR
            && let Some(id) = MeetingId::new(MeetingId::FIRST + 1 + drawn % SPAN)
        {
            return id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tokens_do_not_repeat_and_have_the_stated_length() {
        let tokens: BTreeSet<String> = (0..10_000).map(|_| token::<16>()).collect();
        assert_eq!(tokens.len(), 10_000);
        assert!(tokens.iter().all(|token| token.len() == 22));
        assert_eq!(token::<32>().len(), 43);
    }

    #[test]
    fn meeting_numbers_spread_over_the_whole_range() {
        let mut tenths = [0_u32; 10];
        for _ in 0..10_000 {
            let number = meeting_id().number() - MeetingId::FIRST;
            tenths[usize::try_from(number / 9_000_001).expect("below ten")] += 1;
        }
        assert!(tenths.iter().all(|&n| (800..1200).contains(&n)), "{tenths:?}");
    }
}
