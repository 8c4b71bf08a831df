//! The console's calls as the OpenAPI document tells them.

use utoipa::openapi::path::HttpMethod::{Delete, Get, Post, Put};
use utoipa::openapi::path::Parameter;

use super::{
    accounts, audit, connections, decisions, groups, meetings, overview, policies, reports,
    settings, who,
};
use crate::http::meeting::Done;
use crate::http::openapi::parts::{
    Call, Does, Schemas, Who, call, idempotency, meeting_id, named, number, one_of, query,
    query_number,
};

const READ: Who = Who::Programs("admin:read");
const WRITE: Who = Who::Programs("admin:write");
const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Every call of the console.
pub(in crate::http) fn described(s: &mut Schemas) -> Vec<Call> {
    let mut all = meetings_of(s);
    all.extend(accounts_of(s));
    all.extend(groups_of(s));
    all.extend(looks(s));
    all.extend(policies_of(s));
    all.extend(settings_of(s));
    all.extend(connections_of(s));
    all
}

/// A call that reads; auditors may.
fn reads(id: &'static str, what: &str) -> Does {
    Does::new(Get, id, "admin", what).by(READ)
}

/// A call that reads what others said or did, which is a deed, and can be sent again.
fn looking(id: &'static str, what: &str) -> Does {
    once(Does::new(Post, id, "admin", what).by(READ))
}

/// A call that changes something, and can be sent again.
fn changes(id: &'static str, what: &str) -> Does {
    once(Does::new(Post, id, "admin", what).by(WRITE))
}

fn once(does: Does) -> Does {
    does.with([idempotency()]).refuses(&[409, 422])
}

/// By what a table is cut into pages.
fn table() -> [Parameter; 4] {
    [
        query("q", "What rows have to contain."),
        query("sort", "The column to sort by; with `-` before it, the largest comes first."),
        after(),
        limit(),
    ]
}

fn after() -> Parameter {
    query("after", "The `next` of the page before.")
}

fn limit() -> Parameter {
    query_number("limit", "How many at most, 1 to 200; 50 when it is not said.", None)
}

fn meetings_of(s: &mut Schemas) -> Vec<Call> {
    let (list, look) = (s.add::<meetings::Meetings>(), s.add::<meetings::Look>());
    let (lock, locked) = (s.add::<meetings::Lock>(), s.add::<meetings::Locked>());
    let (message, transfer) = (s.add::<meetings::Message>(), s.add::<meetings::Transfer>());
    let (why, done) = (s.add::<who::Why>(), s.add::<Done>());
    let one = |id, what: &str| changes(id, what).with([meeting_id()]).refuses(&[404]);
    let documents = [
        (
            "/api/v1/admin/meetings",
            reads("admin_list_meetings", "Every meeting.")
                .with([one_of("list", "Only those of this list.", &meetings::LISTS)])
                .with(table())
                .answers(list, &[]),
        ),
        (
            "/api/v1/admin/meetings/{id}/look",
            looking("admin_look", "Who is in a meeting. It is a deed.")
                .with([meeting_id()])
                .answers(look, &[])
                .refuses(&[404]),
        ),
        (
            "/api/v1/admin/meetings/{id}/lock",
            one("admin_lock", "Lock a meeting, or unlock it.").takes(lock).answers(locked, &[]),
        ),
        (
            "/api/v1/admin/meetings/{id}/end",
            one("admin_end", "End a meeting for everybody. Needs a reason.")
                .takes(why.clone())
                .answers(done.clone(), &[]),
        ),
        (
            "/api/v1/admin/meetings/{id}/message",
            one("admin_message", "Say something to everybody in a meeting.")
                .takes(message)
                .answers(done.clone(), &[]),
        ),
        (
            "/api/v1/admin/meetings/{id}/cancel",
            one("admin_cancel", "Call a meeting off. Needs a reason.")
                .takes(why.clone())
                .answers(done.clone(), &[]),
        ),
        (
            "/api/v1/admin/meetings/{id}/restore",
            one("admin_restore", "Take back that a meeting was called off.")
                .takes(why)
                .answers(done.clone(), &[]),
        ),
        (
            "/api/v1/admin/meetings/{id}/transfer",
            one("admin_transfer", "Give a meeting to another host. Needs a reason.")
                .takes(transfer)
                .answers(done, &[]),
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, vec![does], s)).collect()
}

fn accounts_of(s: &mut Schemas) -> Vec<Call> {
    let (list, seen) = (s.add::<accounts::Accounts>(), s.add::<accounts::Seen>());
    let (new, added) = (s.add::<accounts::New>(), s.add::<accounts::Added>());
    let (changed, done) = (s.add::<accounts::Changed>(), s.add::<Done>());
    let (ended, link) = (s.add::<accounts::Ended>(), s.add::<accounts::Link>());
    let why = s.add::<who::Why>();
    let id = || number("id", "The number of an account.");
    let one = |name, what: &str| changes(name, what).with([id()]).refuses(&[404]);
    // Their answers have a link by which a password is set, and are not kept.
    let opens = |name, what: &str| Does::new(Post, name, "admin", what).by(WRITE);
    let documents = [
        (
            "/api/v1/admin/accounts",
            vec![
                reads("admin_list_accounts", "Accounts.")
                    .with([
                        one_of("state", "Only those of this state.", &accounts::STATES),
                        query_number("group", "Only those in the group of this number.", None),
                    ])
                    .with(table())
                    .answers(list, &[]),
                opens("admin_add_account", "Add an account; its person sets a password by a link.")
                    .takes(new)
                    .answers(added, &[])
                    .refuses(&[409]),
            ],
        ),
        (
            "/api/v1/admin/accounts/{id}",
            vec![
                reads("admin_read_account", "An account.")
                    .with([id()])
                    .answers(seen, &[])
                    .refuses(&[404]),
                one("admin_change_account", "Change one thing of an account.")
                    .takes(changed)
                    .answers(done.clone(), &[]),
            ],
        ),
        (
            "/api/v1/admin/accounts/{id}/disable",
            vec![
                one("admin_disable", "Switch an account off; it is signed out. Needs a reason.")
                    .takes(why.clone())
                    .answers(ended.clone(), &[]),
            ],
        ),
        (
            "/api/v1/admin/accounts/{id}/enable",
            vec![
                one("admin_enable", "Switch an account on.")
                    .takes(why.clone())
                    .answers(done.clone(), &[]),
            ],
        ),
        (
            "/api/v1/admin/accounts/{id}/link",
            vec![
                opens("admin_link", "A link by which its person sets a new password.")
                    .with([id()])
                    .takes(why.clone())
                    .answers(link, &[])
                    .refuses(&[404, 409]),
            ],
        ),
        (
            "/api/v1/admin/accounts/{id}/sign-ins",
            vec![
                one("admin_end_sign_ins", "End all its sign-ins. Needs a reason.")
                    .takes(why.clone())
                    .answers(ended, &[]),
            ],
        ),
        (
            "/api/v1/admin/accounts/{id}/codes",
            vec![
                one("admin_codes_off", "Turn its codes off. Needs a reason.")
                    .takes(why)
                    .answers(done, &[]),
            ],
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, does, s)).collect()
}

fn groups_of(s: &mut Schemas) -> Vec<Call> {
    let (list, new) = (s.add::<groups::Groups>(), s.add::<groups::New>());
    let (added, changed) = (s.add::<groups::Added>(), s.add::<groups::Changed>());
    let (why, done) = (s.add::<who::Why>(), s.add::<Done>());
    let id = || number("id", "The number of a group.");
    let one = |name, what: &str| changes(name, what).with([id()]).refuses(&[404]);
    let documents = [
        (
            "/api/v1/admin/groups",
            vec![
                reads("admin_list_groups", "Groups.").with(table()).answers(list, &[]),
                changes("admin_add_group", "Add a group.").takes(new).answers(added, &[]),
            ],
        ),
        (
            "/api/v1/admin/groups/{id}",
            vec![
                one("admin_change_group", "Change one thing of a group. Needs a reason.")
                    .takes(changed)
                    .answers(done.clone(), &[]),
            ],
        ),
        (
            "/api/v1/admin/groups/{id}/remove",
            vec![
                one("admin_remove_group", "Remove a group; its accounts stay. Needs a reason.")
                    .takes(why)
                    .answers(done, &[]),
            ],
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, does, s)).collect()
}

fn looks(s: &mut Schemas) -> Vec<Call> {
    let (shown, facts) = (s.add::<overview::Overview>(), s.add::<audit::Facts>());
    let (asked, report) = (s.add::<reports::Asked>(), s.add::<reports::ReportSeen>());
    let taken = s.add::<reports::Taken>();
    let files = [(CSV, None), (XLSX, None)];
    let documents = [
        (
            "/api/v1/admin/overview",
            reads("admin_overview", "How the server is now.").answers(shown, &[]),
        ),
        (
            "/api/v1/admin/overview/stream",
            reads("admin_follow", "The same, again and again: Server-Sent Events without an end.")
                .done("200", &[("text/event-stream", None)], &[])
                .refuses(&[503]),
        ),
        (
            "/api/v1/admin/audit",
            reads("admin_audit", "Who did what: facts of the site, the newest first.")
                .with([
                    one_of("kind", "Only those about this.", &audit::KINDS),
                    query_number("by", "Only those of the account with this number.", None),
                    query_number("from_ms", "Only those from then on.", None),
                    query_number("to_ms", "Only those until then.", None),
                    query("q", "What they have to contain."),
                    after(),
                    limit(),
                ])
                .answers(facts, &[]),
        ),
        (
            "/api/v1/admin/reports",
            looking(
                "admin_report",
                "Who was there, what was held, or what was shown. It is a deed.",
            )
            .takes(asked)
            .answers(report, &[])
            .refuses(&[404]),
        ),
        (
            "/api/v1/admin/reports/export",
            looking("admin_export", "The same as a file. Needs a reason.")
                .takes(taken)
                .done("200", &files, &["Content-Disposition"])
                .refuses(&[404]),
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, vec![does], s)).collect()
}

fn policies_of(s: &mut Schemas) -> Vec<Call> {
    let (status, text) = (s.add::<policies::Status>(), s.add::<policies::Text>());
    let (back, rolled) = (s.add::<policies::Back>(), s.add::<policies::RolledBack>());
    let decisions = s.add::<decisions::Decisions>();
    let hook = || one_of("hook", "Of this hook.", &decisions::HOOKS);
    let documents = [
        (
            "/api/v1/admin/policies",
            reads("admin_policies", "The scripts that answer now, and those that did before.")
                .answers(status, &[]),
        ),
        (
            "/api/v1/admin/policies/text",
            reads("admin_policy_text", "A script as it answered once.")
                .with([hook(), query("sha256", "The digest of its text.")])
                .answers(text, &[])
                .refuses(&[404]),
        ),
        (
            "/api/v1/admin/policies/decisions",
            looking("admin_decisions", "What scripts decided, the newest first. It is a deed.")
                .with([
                    query("meeting", "Of this meeting's last session, not of the site."),
                    hook(),
                    one_of("differing", "Only where trial and live disagree.", &["1"]),
                    query("q", "What they have to contain."),
                    after(),
                    limit(),
                ])
                .answers(decisions, &[])
                .refuses(&[404]),
        ),
        (
            "/api/v1/admin/policies/rollback",
            changes("admin_roll_back", "Let an earlier version answer again. Needs a reason.")
                .takes(back)
                .answers(rolled, &[])
                .refuses(&[404]),
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, vec![does], s)).collect()
}

fn settings_of(s: &mut Schemas) -> Vec<Call> {
    let (read, changed) = (s.add::<settings::Configured>(), s.add::<settings::Changed>());
    let (code, has) = (s.add::<settings::Code>(), s.add::<settings::HasCode>());
    let done = s.add::<Done>();
    let documents = [
        (
            "/api/v1/admin/settings",
            vec![
                reads("admin_settings", "What is set.").answers(read, &[]),
                changes("admin_change_settings", "Set one part, as a whole.")
                    .takes(changed)
                    .answers(done, &[]),
            ],
        ),
        (
            "/api/v1/admin/integration-code",
            vec![
                changes("admin_integration_code", "Set the integration code, or take it away.")
                    .takes(code)
                    .answers(has, &[]),
            ],
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, does, s)).collect()
}

fn connections_of(s: &mut Schemas) -> Vec<Call> {
    let (list, asked) = (s.add::<connections::Seens>(), s.add::<connections::Asked>());
    let (why, done) = (s.add::<connections::Why>(), s.add::<connections::Done>());
    let (tried, verdict) = (s.add::<connections::Try>(), s.add::<connections::Verdict>());
    let kind = || named("kind", "What is there.", "^(callback|http|ldap|bridge|mail)$");
    let name = || named("name", "What it is called.", "^[a-z0-9_-]{1,40}$");
    // An answer may have a secret, and is not kept.
    let one = |method, id, what: &str| {
        let does = Does::new(method, id, "admin", what).by(WRITE);
        does.with([kind(), name()]).refuses(&[404, 409])
    };
    let documents = [
        (
            "/api/v1/admin/connections",
            vec![
                reads("admin_connections", "Other servers: whom this one asks, and who asks it.")
                    .answers(list, &[]),
            ],
        ),
        (
            "/api/v1/admin/connections/{kind}/{name}",
            vec![
                one(Put, "admin_set_connection", "Set a connection. Needs a reason.")
                    .takes(asked)
                    .answers(done.clone(), &[]),
                one(Delete, "admin_remove_connection", "Take one away. Needs a reason.")
                    .takes(why)
                    .answers(done, &[]),
            ],
        ),
        (
            "/api/v1/admin/connections/{kind}/{name}/try",
            vec![
                one(Post, "admin_try_connection", "Try one, saved or not. Nobody is signed in.")
                    .takes(tried)
                    .answers(verdict, &[]),
            ],
        ),
    ];
    documents.into_iter().map(|(path, does)| call(path, does, s)).collect()
}
