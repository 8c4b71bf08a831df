//! The meeting says no: a stable code and one sentence a person can act on.

use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($name:ident $code:literal $sentence:literal)*) => {
        /// Why a wish was not granted. Normal, never an alarm. `schemas/refusals.toml` lists the
        /// same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Refusal {
            $(#[doc = $sentence] $name,)*
        }

        impl Refusal {
            /// Every refusal there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable code that programs match on.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What the person can do, in English.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

refusals! {
    CannotJoin "cannot_join"
        "This meeting cannot be joined with that id and password. Check both, or ask the host."
    Full "full" "The meeting is full. Try again when somebody has left."
    Locked "locked" "The host has locked the meeting. Ask the host to unlock it."
    Ended "ended" "The meeting has ended."
    Cancelled "cancelled" "This meeting was cancelled. Ask its host whether it is held later."
    OwnNetworkOnly "own_network_only"
        "This meeting is for people in the organisation's own network. Join from there."
    TimesInvalid "times_invalid"
        "The end comes before the start, or one of them is no date. Give a start and a later end."
    RuleInvalid "rule_invalid"
        "That is not a rule for a series. Choose how often it comes again, and until when."
    DialInInvalid "dial_in_invalid"
        "That is not a telephone number or an access code. A code has 4 to 20 digits."
    MailNotSetUp "mail_not_set_up"
        "This server sends no mail. Copy the invitation and send it yourself."
    SiteFull "site_full"
        "As many people are in meetings as this server allows. Try again when some have left."
    RoomsFull "rooms_full"
        "As many meetings are held as this server allows. Try again when one has ended."
    NotStarted "not_started" "The host has not started the meeting yet. You can wait here."
    TypeNotAvailable "type_not_available"
        "This type of meeting is not available on this server yet. Choose another type."
    TicketInvalid "ticket_invalid"
        "This way in was used already or has expired. Join again from the start."
    NotAllowed "not_allowed" "Your role in this meeting does not allow that."
    NotPresent "not_present" "That person is not in the meeting."
    NotPresenter "not_presenter"
        "Only the presenter can share a screen and let it be controlled. Ask the host to pass it."
    NoScreen "no_screen" "No screen is shared. Control can be given while one is."
    NoControl "no_control" "You do not control the shared screen. Ask the presenter for it."
    Muted "muted" "A host has muted you. Raise your hand to ask to speak."
    Silenced "silenced" "A host has paused chat for you."
    NoSuchTrack "no_such_track" "That picture or sound is no longer there."
    TrackOpen "track_open" "You are sharing that already."
    TooManyTracks "too_many_tracks" "Too many cameras, microphones and screens are shared already."
    AlreadyDone "already_done" "That was done already."
    TooFast "too_fast" "That was too fast. Wait a moment and try again."
    TooLong "too_long" "That text is too long."
    Empty "empty" "There is nothing to send."
    Taken "taken" "That is taken already. Choose another one."
    NotFound "not_found" "There is nothing here by that name."
    SignInFailed "sign_in_failed" "That e-mail address and password do not fit together."
    SignInDenied "sign_in_denied"
        "You may not sign in here. Ask the administrator of this server."
    SignInNeeded "sign_in_needed" "Please sign in first."
    CodeNeeded "code_needed" "Type the code of your authenticator app too, on the sign-in page."
    CodeWrong "code_wrong" "That code is not right or was used already. Wait for the next one."
    CodeRequired "code_required"
        "Administrators need a code here. Set up an authenticator app on the account page first."
    AccountDisabled "account_disabled"
        "This account is switched off. Ask the administrator of this server."
    PrivilegeMissing "privilege_missing"
        "The host's account does not cover that. Ask the administrator of this server."
    PasswordWrong "password_wrong" "That is not your current password."
    PasswordOutgrown "password_outgrown"
        "This password is too short to be used without a code. Ask for a link to set a new one."
    KeptElsewhere "kept_elsewhere"
        "That is kept by another system. Change it there, or ask the administrator."
    LinkInvalid "link_invalid" "This link was used already or has expired. Ask for a new one."
    LastAdministrator "last_administrator"
        "This is the last administrator of this server. Make another one first."
    ZoneInvalid "zone_invalid" "That is not a time zone. Choose one such as Europe/Berlin."
    PasswordUnderEight "password_under_eight" "Choose a password of at least 8 characters."
    PasswordTooShort "password_too_short" "Choose a password of at least 15 characters."
    PasswordTooLong "password_too_long" "Choose a password of at most 128 characters."
    PasswordTooCommon "password_too_common" "That password is easy to guess. Choose another one."
    EmailInvalid "email_invalid" "That is not an e-mail address."
    NameInvalid "name_invalid" "Give a name of 1 to 80 characters."
    TopicInvalid "topic_invalid" "Give a topic of 1 to 200 characters."
    SetupDone "setup_done" "This server has been set up already. Sign in instead."
    SetupTokenInvalid "setup_token_invalid"
        "This set-up link is not valid. Use the one that the server printed when it started."
    Malformed "malformed" "The request could not be understood."
    ForeignOrigin "foreign_origin" "This page does not belong to this server. Open it from there."
    LegacyRefused "legacy_refused"
        "This server does not take passwords in addresses. Use the server's own pages."
    Busy "busy" "The server is busy. Try again in a moment."
    Quarantine "quarantine"
        "This server's log is not whole. Nothing is taken until its operator has looked at it."
    ReadOnly "read_only" "The server cannot write at the moment. What is there can be watched."
    ServerError "server_error" "Something went wrong on the server. Try again in a moment."
    NumberInvalid "number_invalid" "That number is too small or too large for this server."
    Stale "stale" "It was changed meanwhile. Read it again, then change it."
    KeyReused "key_reused" "That idempotency key was used for another request. Choose a new one."
    KeyInvalid "key_invalid"
        "That API key was revoked, has expired, or never was one. Make a new one."
    TooManyKeys "too_many_keys"
        "There are as many API keys as an account can have. Revoke one first."
    ScopeMissing "scope_missing"
        "That API key does not cover this. Make one with the scope it needs."
    AddressDenied "address_denied"
        "This server does not call that address. Give another one, or ask the operator to allow it."
    EventUnknown "event_unknown"
        "There is no event of that name. The documentation lists the events there are."
    TooMany "too_many" "There are as many of these as this server keeps. Remove one first."
    AdministratorsOnly "administrators_only"
        "This page is for administrators of this server. Sign in as one."
    ReasonNeeded "reason_needed" "Say why: the reason is kept with what you do."
    CodeTooShort "code_too_short"
        "Choose a code of at least 12 characters. Nobody has to type it."
    SettingInvalid "setting_invalid"
        "One of these settings cannot be used. Correct it and try again."
    InSettingsFile "in_settings_file"
        "That is set by the server's settings file. Change it there, or choose another name."
    NamedByScript "named_by_script"
        "A script that answers names it. Change the script first, then remove it."
    SecretNeeded "secret_needed"
        "Where its password is sent has changed. Type the password again."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable_words_and_sentences_end() {
        let mut codes: Vec<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        for refusal in Refusal::ALL {
            let code = refusal.code();
            assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
            assert!(refusal.sentence().ends_with('.'), "{code}");
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refusal::ALL.len());
    }
}
