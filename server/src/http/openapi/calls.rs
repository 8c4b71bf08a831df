//! Every JSON call. A test holds this list against the routes and their methods.

use utoipa::openapi::Required;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Patch, Post};

use super::parts::{
    Call, Does, Schemas, Who, call, dates_limit, idempotency, if_match, key_number, limit,
    meeting_id, one_of, query,
};
use super::programs;
use crate::http::{
    codes, invitations, join, keys, me, meeting, meeting_dates, meeting_words, meetings, pending,
    reset, setup, sign_in,
};

const READ: Who = Who::Programs("meetings:read");
const WRITE: Who = Who::Programs("meetings:write");
/// On an answer that caused a fact of a meeting.
const CAUSED: &[&str] = &["ETag", "Convoke-Position"];

pub(super) fn all(schemas: &mut Schemas) -> Vec<Call> {
    let mut all = meetings_of(schemas);
    all.extend(keys_of(schemas));
    all.extend(people(schemas));
    all.extend(own(schemas));
    all.extend(programs::all(schemas));
    all.extend(crate::http::admin::described(schemas));
    all
}

fn meetings_of(s: &mut Schemas) -> Vec<Call> {
    let (seen, list) = (s.add::<meeting_words::Seen>(), s.add::<meetings::Meetings>());
    let (asked, patch) = (s.add::<meeting_words::Asked>(), s.add::<meeting_words::Patch>());
    let (reason, heir) = (s.add::<meeting::Reason>(), s.add::<meeting::Heir>());
    let (nothing, ticket) = (s.add::<meeting::Nothing>(), s.add::<meetings::Ticket>());
    let dates = s.add::<meeting_dates::Dates>();
    let (people, invited) = (s.add::<invitations::Wanted>(), s.add::<invitations::Invited>());
    let states = ["scheduled", "running", "past", "cancelled"];
    let does = |method, id, what: &str| Does::new(method, id, "meetings", what);
    let turn = |id, what: &str| {
        let parameters = [meeting_id(), if_match(), idempotency()];
        does(Post, id, what).by(WRITE).with(parameters).refuses(&[404, 409, 412, 422])
    };
    let documents = [
        (
            "/api/v1/meetings",
            vec![
                does(Get, "list_meetings", "Meetings, the newest first.")
                    .by(READ)
                    .with([
                        one_of("state", "Only those of this state.", &states),
                        query(
                            "owner",
                            "Whose, by e-mail address; `*` for all. Administrators ask.",
                        ),
                        query("after", "The `next` of the page before."),
                        limit(),
                    ])
                    .answers(list, &[])
                    .refuses(&[404]),
                does(Post, "create_meeting", "Make a meeting, planned or not.")
                    .by(WRITE)
                    .with([idempotency()])
                    .takes(asked)
                    .answers(seen.clone(), CAUSED)
                    .refuses(&[409, 422]),
            ],
        ),
        (
            "/api/v1/meetings/{id}",
            vec![
                does(Get, "read_meeting", "One meeting.")
                    .by(READ)
                    .with([meeting_id(), query("at", "Wait for this fact: `EPOCH.SEQ`.")])
                    .answers(seen.clone(), &["ETag"])
                    .refuses(&[404]),
                does(Patch, "change_meeting", "Change what is given of a meeting.")
                    .by(WRITE)
                    .with([meeting_id(), if_match(), idempotency()])
                    .takes(patch)
                    .answers(seen.clone(), CAUSED)
                    .refuses(&[404, 409, 412, 422]),
                does(Delete, "delete_meeting", "Call a meeting off. It can be restored.")
                    .by(WRITE)
                    .with([meeting_id(), if_match(), idempotency()])
                    .answers(seen.clone(), CAUSED)
                    .refuses(&[404, 409, 412, 422]),
            ],
        ),
        (
            "/api/v1/meetings/{id}/cancel",
            vec![
                turn("cancel_meeting", "Call a meeting off, with a reason.")
                    .takes(reason)
                    .answers(seen.clone(), CAUSED),
            ],
        ),
        (
            "/api/v1/meetings/{id}/restore",
            vec![
                turn("restore_meeting", "Take back that it was called off.")
                    .may_take(nothing.clone(), Required::False)
                    .answers(seen.clone(), CAUSED),
            ],
        ),
        (
            "/api/v1/meetings/{id}/transfer",
            vec![
                turn("transfer_meeting", "Give a meeting to another host.")
                    .takes(heir)
                    .answers(seen, CAUSED),
            ],
        ),
        (
            "/api/v1/meetings/{id}/host",
            vec![
                does(Post, "host_meeting", "Open a meeting: the host's ticket.")
                    .by(WRITE)
                    .with([meeting_id(), idempotency()])
                    .may_take(nothing, Required::False)
                    .answers(ticket, CAUSED)
                    .refuses(&[404, 409, 422]),
            ],
        ),
        (
            "/api/v1/meetings/{id}/dates",
            vec![
                does(Get, "list_dates", "The dates of a meeting that are not over.")
                    .by(READ)
                    .with([meeting_id(), dates_limit()])
                    .answers(dates, &["ETag"])
                    .refuses(&[404]),
            ],
        ),
        (
            "/api/v1/meetings/{id}/calendar",
            vec![
                does(
                    Get,
                    "read_calendar",
                    "A meeting as a calendar file (RFC 5545), for its host.",
                )
                .by(READ)
                .with([meeting_id()])
                .answers_file("text/calendar", &["ETag"])
                .refuses(&[404]),
            ],
        ),
        (
            "/api/v1/meetings/{id}/invitations",
            vec![
                does(Post, "invite", "Ask people to come, by letter.")
                    .by(WRITE)
                    .with([meeting_id(), idempotency()])
                    .takes(people)
                    .answers(invited, &[])
                    .refuses(&[404, 409, 422]),
            ],
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, does, s)).collect()
}

fn keys_of(s: &mut Schemas) -> Vec<Call> {
    let (list, asked) = (s.add::<keys::Keys>(), s.add::<keys::Asked>());
    let (made, seen) = (s.add::<keys::Made>(), s.add::<keys::Seen>());
    let does = |method, id, what: &str| Does::new(method, id, "keys", what).by(Who::People);
    let all = one_of("all", "Everybody's; administrators ask.", &["true", "false"]);
    let documents = [
        (
            "/api/v1/keys",
            vec![
                does(Get, "list_keys", "API keys, without their secrets.")
                    .with([all])
                    .answers(list, &[]),
                does(Post, "make_key", "Make an API key. Its secret is shown once.")
                    .takes(asked)
                    .answers(made, &["Convoke-Position"])
                    .refuses(&[409]),
            ],
        ),
        (
            "/api/v1/keys/{key}",
            vec![
                does(Delete, "revoke_key", "Take an API key back, for ever.")
                    .with([key_number()])
                    .answers(seen, &["Convoke-Position"])
                    .refuses(&[404, 409]),
            ],
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, does, s)).collect()
}

fn people(s: &mut Schemas) -> Vec<Call> {
    let (me, nothing, done) =
        (s.add::<me::Me>(), s.add::<meeting::Nothing>(), s.add::<meeting::Done>());
    let (account_or_half, sign_in) = (s.add::<sign_in::Entered>(), s.add::<sign_in::SignIn>());
    let (code, set_up) = (s.add::<sign_in::Code>(), s.add::<setup::Wanted>());
    let (asked, mail, used) =
        (s.add::<reset::Asked>(), s.add::<reset::ByMail>(), s.add::<reset::Used>());
    let (join, joined) = (s.add::<join::Wanted>(), s.add::<join::Joined>());
    let (pending, hosted) = (s.add::<pending::Used>(), s.add::<pending::Hosted>());
    let post = |id, tag, what: &str| Does::new(Post, id, tag, what);
    let documents = [
        (
            "/api/v1/setup",
            post("set_up", "sign-in", "Make the first administrator.")
                .takes(set_up)
                .answers(me.clone(), &[])
                .refuses(&[404, 409]),
        ),
        (
            "/api/v1/sign-in",
            post("sign_in", "sign-in", "Sign in; with codes, half of it.")
                .takes(sign_in)
                .answers(account_or_half, &[])
                .refuses(&[401]),
        ),
        (
            "/api/v1/sign-in/code",
            post("sign_in_code", "sign-in", "The other half of signing in.")
                .takes(code)
                .answers(me, &[])
                .refuses(&[401]),
        ),
        (
            "/api/v1/sign-out",
            post("sign_out", "sign-in", "Sign out.")
                .may_take(nothing, Required::False)
                .answers(done.clone(), &[]),
        ),
        (
            "/api/v1/reset",
            post("ask_for_reset", "sign-in", "A letter with a link to set a new password.")
                .takes(asked)
                .answers(mail, &[]),
        ),
        (
            "/api/v1/reset/use",
            post("use_reset", "sign-in", "Set a new password by a link.")
                .takes(used)
                .answers(done, &[])
                .refuses(&[401]),
        ),
        (
            "/api/v1/join",
            post("join", "join", "The ticket to a meeting.")
                .takes(join)
                .answers(joined, &[])
                .refuses(&[404, 409]),
        ),
        (
            "/api/v1/pending-host",
            post("host_pending", "join", "Open what a legacy call asked for.")
                .takes(pending)
                .answers(hosted, &[])
                .refuses(&[404, 409]),
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, vec![does], s)).collect()
}

fn own(s: &mut Schemas) -> Vec<Call> {
    let (me, profile, done) = (s.add::<me::Me>(), s.add::<me::Profile>(), s.add::<meeting::Done>());
    let (passwords, sessions) = (s.add::<me::Passwords>(), s.add::<me::Sessions>());
    let (ended, end) = (s.add::<me::EndedCount>(), s.add::<me::Ended>());
    let (begin, enrolment) = (s.add::<codes::Begin>(), s.add::<codes::Enrolled>());
    let (confirm, recovery, off) =
        (s.add::<codes::Confirm>(), s.add::<codes::RecoveryCodes>(), s.add::<codes::Off>());
    let does = |method, id, what: &str| Does::new(method, id, "account", what).by(Who::People);
    let documents = [
        (
            "/api/v1/me",
            vec![
                does(Get, "read_account", "One's own account.").answers(me.clone(), &[]),
                does(Post, "change_account", "Change what is given of it.")
                    .takes(profile)
                    .answers(me, &[]),
            ],
        ),
        (
            "/api/v1/me/password",
            vec![
                does(Post, "change_password", "Change the password; other sign-ins end.")
                    .takes(passwords)
                    .answers(done.clone(), &[]),
            ],
        ),
        (
            "/api/v1/me/totp",
            vec![
                does(Post, "begin_codes", "Set up an authenticator app.")
                    .takes(begin)
                    .answers(enrolment, &[])
                    .refuses(&[409]),
            ],
        ),
        (
            "/api/v1/me/totp/confirm",
            vec![
                does(Post, "confirm_codes", "Turn codes on.")
                    .takes(confirm)
                    .answers(recovery, &[])
                    .refuses(&[409]),
            ],
        ),
        (
            "/api/v1/me/totp/off",
            vec![
                does(Post, "turn_codes_off", "Do without codes.")
                    .takes(off)
                    .answers(done, &[])
                    .refuses(&[409]),
            ],
        ),
        (
            "/api/v1/me/sessions",
            vec![does(Get, "list_sign_ins", "Where one is signed in.").answers(sessions, &[])],
        ),
        (
            "/api/v1/me/sessions/end",
            vec![
                does(Post, "end_sign_ins", "End other sign-ins, or one.")
                    .takes(end)
                    .answers(ended, &[])
                    .refuses(&[404]),
            ],
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, does, s)).collect()
}
