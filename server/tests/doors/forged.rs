//! Forged tokens: what differs in anything from what was given out opens nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke::accounts::{Sessions, Start};
use convoke::folder::Key;
use convoke::invitation::Invitations;
use convoke::keys;
use convoke::tickets::{Admission, Tickets};
use convoke::vault::Vault;
use convoke_model::grant::Role;
use convoke_model::policy::Credential;
use convoke_model::text::Name;
use convoke_model::{AccountId, MeetingId, Millis};
use serde_json::json;

use super::dice::Dice;
use super::line::Line;
use super::world::{EMAIL, PASSWORD, World, world};

/// Forgeries of each of five kinds of token.
const EACH: usize = 20_000;
/// As many of each go over the wire.
const SENT: usize = 400;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What tokens of other servers say about themselves.
const CLAIMS: [&str; 8] = [
    r#"{"alg":"none"}"#,
    r#"{"alg":"None","typ":"JWT"}"#,
    r#"{"alg":"HS256","typ":"JWT"}"#,
    r#"{"alg":"RS256","kid":"../../../../dev/null"}"#,
    r#"{"alg":"HS256","kid":"invitation.key"}"#,
    r#"{"alg":"ES256","jku":"https://evil.example/keys"}"#,
    r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#,
    r#"{"role":"host"}"#,
];

/// First every letter at every place, then whatever the dice say; never the token itself, nor the
/// token with white space around it.
fn forgeries(token: &str, seed: u64) -> Vec<String> {
    let mut forged = Vec::with_capacity(EACH);
    for at in 0..token.len() {
        for letter in LETTERS {
            let mut bytes = token.as_bytes().to_vec();
            bytes[at] = *letter;
            forged.push(String::from_utf8(bytes).expect("ASCII"));
        }
    }
    let is_another = |forgery: &String| forgery.trim() != token;
    forged.retain(is_another);
    let mut dice = Dice::new(seed);
    while forged.len() < EACH {
        forged.extend(Some(changed(token, &mut dice)).filter(is_another));
    }
    forged
}

fn changed(token: &str, dice: &mut Dice) -> String {
    let letter = |dice: &mut Dice| char::from(LETTERS[dice.below(LETTERS.len())]);
    let at = dice.below(token.len());
    let (front, back) = token.split_at(at);
    match dice.below(12) {
        0 => front.to_owned(),
        1 => back.to_owned(),
        2 => format!("{token}{}", "A".repeat(1 + dice.below(40))),
        3 => format!("{token}{}", dice.one(&["=", "==", ".", "_", "-", "%00", "\u{0}", "\u{ad}"])),
        4 => format!("{front}{}{back}", dice.one(&[" ", "\u{0}", "\t", "\u{200b}", "=", "%"])),
        5 => format!("{front}{}{back}", letter(dice)),
        6 => token.chars().map(|c| if dice.below(8) == 0 { letter(dice) } else { c }).collect(),
        7 => (0..token.len()).map(|_| letter(dice)).collect(),
        8 => token.chars().map(|c| if dice.below(4) == 0 { turned(c) } else { c }).collect(),
        9 => {
            let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c);
            format!("{front}{}", back.chars().map(wide).collect::<String>())
        }
        10 => format!("{front}%{:02X}{}", back.as_bytes()[0], &back[1..]),
        _ => {
            let claim = URL_SAFE_NO_PAD.encode(dice.one(&CLAIMS));
            let end = dice.one(&["", "AA", token]);
            format!("{claim}.{}.{end}", if dice.below(2) == 0 { token } else { "" })
        }
    }
}

/// The other case, or the letter that plain base64 has in its place.
fn turned(c: char) -> char {
    match c {
        '-' => '+',
        '_' => '/',
        c if c.is_ascii_lowercase() => c.to_ascii_uppercase(),
        c => c.to_ascii_lowercase(),
    }
}

/// Numbers of a key that are read as the same number by somebody who is not strict.
fn renumbered(key: &str) -> Vec<String> {
    let secret = key.strip_prefix("ck_1_").expect("the first key");
    let numbers = ["+1", "01", "1 ", " 1", "-1", "0x1", "1_", "１", "4294967297", "2", "0", ""];
    let heads = ["CK_1_", "ck-1-", "ck_1", "ck__1_", "ck_1__", "1_", ""];
    let numbered = numbers.map(|number| format!("ck_{number}_{secret}"));
    numbered.into_iter().chain(heads.map(|head| format!("{head}{secret}"))).collect()
}

fn meeting(number: u32) -> MeetingId {
    MeetingId::new(number).expect("an id")
}

#[test]
fn no_invitation_is_forged() {
    let invitations = Invitations::new(Key::new([7; 32]));
    let (asked, other) = (meeting(88_137_455), meeting(88_137_456));
    let token = invitations.of(asked);
    for forgery in forgeries(&token, 1) {
        assert!(!invitations.fits(asked, &forgery), "{forgery:?}");
        assert!(!invitations.fits(other, &forgery), "{forgery:?}");
    }
    assert!(invitations.fits(asked, &token) && !invitations.fits(other, &token));
}

#[test]
fn no_ticket_is_forged() {
    let (tickets, now) = (Tickets::default(), Duration::ZERO);
    let admission = Admission {
        meeting: meeting(88_137_455),
        role: Role::Host,
        credential: Credential::Password,
        name: Name::new("Ann").expect("a name"),
        account: None,
        lobby: false,
        family: 0,
        from: [127, 0, 0, 1].into(),
    };
    let token = tickets.issue(admission.clone(), now).expect("issued");
    for forgery in forgeries(&token, 2) {
        assert_eq!(tickets.meeting_of(&forgery, now), None, "{forgery:?}");
        assert_eq!(tickets.redeem(&forgery, now), None, "{forgery:?}");
    }
    assert_eq!(tickets.redeem(&token, now), Some(admission), "no forgery used it up");
}

#[test]
fn no_sign_in_is_forged() {
    let (sessions, now) = (Sessions::default(), Duration::ZERO);
    let (account, from, at) = (AccountId(1), [192, 0, 2, 1].into(), Millis(1000));
    let start = Start { account, administers: true, from, agent: String::new(), at };
    let token = sessions.start(start, now);
    for forgery in forgeries(&token, 3) {
        assert!(sessions.find(&forgery, now).is_none(), "{forgery:?}");
        assert!(sessions.look(&forgery, now).is_none(), "{forgery:?}");
        assert_eq!(sessions.renew(&forgery), None, "{forgery:?}");
        assert_eq!(sessions.end(&forgery), None, "{forgery:?}");
    }
    assert!(sessions.find(&token, now).is_some(), "no forgery ended it");
}

/// A key that may read meetings, the first of its world.
fn key(world: &World, cookie: &str) -> String {
    let wish = json!({ "name": "Import", "scopes": ["meetings:read"] });
    let made = world.post_as("/api/v1/keys", &wish, cookie);
    made.json()["key"].as_str().expect("a key").to_owned()
}

#[test]
fn no_key_is_forged() {
    let world = world("");
    world.account(EMAIL, false);
    let token = key(&world, &world.sign_in(EMAIL));
    let vault = Vault::open(&world.folder).expect("opens");
    let opens = |token: &str| {
        let parts = keys::parts(token);
        parts.is_some_and(|(id, secret)| keys::opens(&vault, id, secret).expect("read"))
    };
    for forgery in forgeries(&token, 4).iter().chain(&renumbered(&token)) {
        assert!(!opens(forgery), "{forgery:?}");
    }
    assert!(opens(&token));
}

#[test]
fn no_link_for_a_password_is_forged() {
    let world = world("[sign_in]\nfailures_burst = 1000000\n");
    world.account(EMAIL, false);
    let accounts = world.site.accounts();
    let account = world.found(EMAIL);
    let by = convoke_model::Actor::Server;
    let token = world.block_on(accounts.issue_reset(&account, by)).expect("issued");
    let mut line = Line::to(&world);
    let reset = |line: &mut Line, token: &str| {
        let wish = json!({ "token": token, "password": PASSWORD });
        line.post("/api/v1/reset/use", "", &wish)
    };
    for forgery in forgeries(&token, 5).iter().step_by(EACH / SENT) {
        let reply = reset(&mut line, forgery);
        assert_eq!(reply.code(), "link_invalid", "{forgery:?}: {reply:?}");
        // The limit of everybody is not what is tested here.
        world.clock.advance(Duration::from_millis(25));
    }
    assert_eq!(reset(&mut line, &token).status, 200);
}

#[test]
fn nothing_forged_opens_a_door_of_the_server() {
    let world = world(
        "[join]\nper_minute = 1000000\nburst = 1000000\nfailures_burst = 1000000\n\
        failures_per_second_total = 1000000\nwrong_passwords_max = 1000000\n",
    );
    let (id, cookie) = world.open_meeting(Some("bad-weather"));
    let mut line = Line::to(&world);
    let few = |token: &str, seed: u64| {
        forgeries(token, seed).into_iter().step_by(EACH / SENT).collect::<Vec<_>>()
    };

    let path = format!("/api/v1/meetings/{}", id.number());
    let shown = world.get_as(&path, &cookie).json();
    let invitation = shown["invitation_token"].as_str().expect("an invitation");
    let join = |line: &mut Line, invitation: &str| {
        let wish = json!({ "id": id.to_string(), "name": "Eve", "invitation": invitation });
        line.post("/api/v1/join", "", &wish)
    };
    for forgery in few(invitation, 6) {
        let reply = join(&mut line, &forgery);
        assert_eq!(reply.code(), "cannot_join", "{forgery:?}: {reply:?}");
    }
    assert_eq!(join(&mut line, invitation).status, 200);

    let token = key(&world, &cookie);
    let ask = |line: &mut Line, token: &str| {
        line.call("GET", "/api/v1/meetings", &format!("Authorization: Bearer {token}\r\n"), "")
    };
    for forgery in few(&token, 7).iter().chain(&renumbered(&token)) {
        let reply = ask(&mut line, forgery);
        // Not every forgery can be a value of a header.
        assert!(matches!(reply.status, 400 | 401), "{forgery:?}: {reply:?}");
    }
    assert_eq!(ask(&mut line, &token).status, 200);

    let (name, value) = cookie.split_once('=').expect("a cookie");
    let who = |line: &mut Line, name: &str, value: &str| {
        line.call("GET", "/api/v1/me", &format!("Cookie: {name}={value}\r\n"), "")
    };
    for forgery in few(value, 8) {
        let reply = who(&mut line, name, &forgery);
        assert!(matches!(reply.status, 400 | 401), "{forgery:?}: {reply:?}");
    }
    for strange in ["SID", "sid ", "__Host-sid", "__Secure-sid", "xsid", "browser", "sid[]"] {
        assert_eq!(who(&mut line, strange, value).status, 401, "{strange}");
    }
    assert_eq!(who(&mut line, name, value).status, 200);
}
