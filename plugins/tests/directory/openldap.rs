//! Sign-in by OpenLDAP.

use std::time::Duration;

use convoke_plugins::ldap::{BindMode, Directory, GroupMode, SearchScope, Settings, TlsMode};
use convoke_plugins::{NonEmptySecret, Outcome, Privilege, Profile, Report};
use ldap3::{LdapConnAsync, Mod};

use super::slapd::{ADMIN, ADMIN_PASSWORD, ANN, ANN_PASSWORD, Slapd, secret};

fn directory(settings: Settings) -> Directory {
    Directory::new(settings).expect("good settings")
}

async fn code(directory: &Directory, name: &str, password: &str) -> &'static str {
    directory.sign_in(name, &secret(password)).await.outcome.code()
}

fn profile(report: Report) -> Profile {
    match report.outcome {
        Outcome::Allowed(profile) => *profile,
        Outcome::Denied(..) | Outcome::Failed(_) => panic!("{report:?}"),
    }
}

fn direct(settings: Settings) -> Settings {
    Settings {
        bind: BindMode::Direct,
        direct_template: "uid={name},ou=people,dc=example,dc=org".to_owned(),
        bind_dn: String::new(),
        bind_password_file: None,
        ..settings
    }
}

fn anonymous_search(settings: Settings) -> Settings {
    Settings { bind_dn: String::new(), bind_password_file: None, ..settings }
}

#[tokio::test]
async fn every_bind_mode_over_every_tls_mode_signs_in() {
    let slapd = Slapd::start();
    let clear = Settings { tls: TlsMode::ClearTextForTestsOnly, ..slapd.start_tls() };
    for base in [slapd.settings(), slapd.start_tls(), clear] {
        for settings in [base.clone(), anonymous_search(base.clone()), direct(base.clone())] {
            let shown = format!("{:?} {:?} {}", settings.tls, settings.bind, settings.bind_dn);
            let directory = directory(settings);
            let report = directory.sign_in("ann", &secret(ANN_PASSWORD)).await;
            assert_eq!(report.outcome.code(), "allow", "{shown}: {report:?}");
            assert_eq!(code(&directory, "ann", "wrong").await, "wrong_password", "{shown}");
            let nobody = code(&directory, "nobody", "wrong").await;
            assert!(["unknown_person", "wrong_password"].contains(&nobody), "{shown}: {nobody}");
        }
    }
    let template = Settings {
        direct_template: "{name}".to_owned(),
        filter: "(uid=ann)(uid={name})".to_owned(),
        ..direct(slapd.settings())
    };
    assert!(Directory::new(template).is_err(), "two filters are no filter");
}

#[tokio::test]
async fn a_sign_in_brings_attributes_nested_groups_and_privileges() {
    let slapd = Slapd::start();
    let mut settings = slapd.settings();
    settings.attributes.user_id = "employeeNumber".to_owned();
    settings.attributes.others = vec!["cn".to_owned()];
    let directory = directory(settings);
    let report = directory.sign_in("ann@example.org", &secret(ANN_PASSWORD)).await;
    let told: Vec<&str> = report.steps.iter().map(|step| step.what).collect();
    assert_eq!(told, ["server", "tls", "bind", "search", "password", "groups", "privileges"]);
    assert!(!format!("{report:?}").contains(ANN_PASSWORD));
    assert!(!format!("{report:?}").contains(ADMIN_PASSWORD));
    let found = profile(report);
    assert_eq!(found.first_name.as_deref(), Some("ann"));
    assert_eq!(found.last_name.as_deref(), Some("Lee"));
    assert_eq!(found.phone.as_deref(), Some("408"));
    assert_eq!(found.email.as_deref(), Some("ann@example.org"));
    assert_eq!(found.user_id.as_deref(), Some("E-ann"));
    assert_eq!(found.others["cn"], "ann Lee");
    assert_eq!(found.groups.len(), 3, "each once, though they run in a circle");
    let may: Vec<Privilege> = found.privileges.into_iter().collect();
    assert_eq!(may, [Privilege::InteractiveMeeting, Privilege::Chat, Privilege::Record]);
    let again = directory.find("ann").await;
    let bind = again.steps.iter().find(|step| step.what == "bind").expect("a step");
    assert!(bind.detail.to_string().contains("kept open"), "{again:?}");
    let groups = again.steps.iter().find(|step| step.what == "groups").expect("a step");
    assert!(groups.detail.to_string().contains("known for"), "{again:?}");
    assert_eq!(again.outcome.code(), "allow");
}

#[tokio::test]
async fn exactly_one_entry_is_meant_or_nobody() {
    let slapd = Slapd::start();
    let ours = directory(slapd.settings());
    let twins = "the twins' password";
    assert_eq!(code(&ours, "twin@example.org", twins).await, "ambiguous");
    assert_eq!(code(&ours, "twin1", twins).await, "allow");
    for name in ["", " ", "\0", "ann\0", "x\ny", &"a".repeat(300)] {
        assert_eq!(code(&ours, name, ANN_PASSWORD).await, "bad_name", "{name:?}");
    }
    let below = directory(Settings {
        base_dn: "dc=example,dc=org".to_owned(),
        scope: SearchScope::OneLevel,
        ..slapd.settings()
    });
    assert_eq!(code(&below, "ann", ANN_PASSWORD).await, "unknown_person");
    let base = directory(Settings {
        base_dn: ANN.to_owned(),
        scope: SearchScope::Base,
        ..slapd.settings()
    });
    assert_eq!(code(&base, "ann", ANN_PASSWORD).await, "allow");
    let gone =
        directory(Settings { base_dn: "ou=gone,dc=example,dc=org".into(), ..slapd.settings() });
    assert_eq!(code(&gone, "ann", ANN_PASSWORD).await, "search");
}

#[tokio::test]
async fn hostile_names_sign_nobody_in_at_a_real_directory() {
    let slapd = Slapd::start();
    let searching = directory(slapd.settings());
    let directly = directory(direct(slapd.settings()));
    for name in [
        "*",
        "a*",
        "*)(uid=*",
        "ann)(uid=*",
        "*)(|(uid=*",
        "ann)(|(uid=ann",
        "(ann)",
        "ann\\",
        "\\61nn",
        "ann,ou=people,dc=example,dc=org",
        "ann+cn=ann Lee",
        "#616e6e",
        "ann;x",
        "ann=x",
        "\"ann\"",
        "<ann>",
        "ann\u{202e}",
        "ann&",
        "|",
        "!(uid=x)",
        "uid=ann",
        "é",
        "张伟",
    ] {
        for directory in [&searching, &directly] {
            let found = code(directory, name, ANN_PASSWORD).await;
            let denied = ["unknown_person", "wrong_password"].contains(&found);
            assert!(denied, "{name:?}: {found}");
        }
    }
}

#[tokio::test]
async fn the_anonymous_bind_trap_signs_nobody_in() {
    let slapd = Slapd::start();
    // The trap is there: this directory says yes to a name with an empty password.
    let url = format!("ldap://127.0.0.1:{}", slapd.plain);
    let (connection, mut ldap) = LdapConnAsync::new(&url).await.expect("connects");
    tokio::spawn(connection.drive());
    assert_eq!(ldap.simple_bind(ANN, "").await.expect("an answer").rc, 0);
    for blank in ["", " ", "\t", "\0", "\0x", "\u{a0}", "\u{200b}", "\n"] {
        assert!(NonEmptySecret::new(blank).is_err(), "{blank:?} is not even a password");
    }
    for settings in [slapd.settings(), direct(slapd.settings()), anonymous_search(slapd.settings())]
    {
        let directory = directory(settings);
        for name in ["ann", "", " ", ANN] {
            assert_ne!(code(&directory, name, "wrong").await, "allow", "{name:?}");
        }
    }
    let mut no_password = slapd.settings();
    no_password.bind_password_file = None;
    assert!(Directory::new(no_password).is_err(), "we do not sign in as somebody with nothing");
    std::fs::write(&slapd.password_file, "\n").expect("written");
    assert!(Directory::new(slapd.settings()).is_err(), "nor with a blank line");
}

#[tokio::test]
async fn groups_come_page_by_page_and_in_a_bounded_number() {
    let slapd = Slapd::start();
    let bob = "bob's own password";
    let paged = directory(Settings { page_entries: 60, ..slapd.settings() });
    let report = paged.sign_in("bob", &secret(bob)).await;
    assert_eq!(profile(report).groups.len(), 250, "the directory gives 100 at once");
    let few = directory(Settings { groups_max: 20, page_entries: 60, ..slapd.settings() });
    let report = few.sign_in("bob", &secret(bob)).await;
    let cut = report
        .steps
        .iter()
        .any(|step| step.detail.to_string().contains("more that are not looked at"));
    assert!(cut, "{report:?}");
    assert_eq!(profile(report).groups.len(), 20);
    let shallow = directory(Settings { group_depth_max: 1, ..slapd.settings() });
    let ann = profile(shallow.sign_in("ann", &secret(ANN_PASSWORD)).await);
    assert_eq!(ann.groups, ["cn=staff,ou=groups,dc=example,dc=org"]);
    let none = directory(Settings { groups: GroupMode::None, ..slapd.settings() });
    assert!(profile(none.sign_in("ann", &secret(ANN_PASSWORD)).await).groups.is_empty());
}

#[tokio::test]
async fn what_is_known_of_groups_is_as_old_as_stated_and_no_older() {
    let slapd = Slapd::start();
    let cached = directory(Settings { group_age_s: 2, ..slapd.settings() });
    let fresh = directory(Settings { group_age_s: 0, ..slapd.settings() });
    let groups = |report: Report| profile(report).groups.len();
    let ann = secret(ANN_PASSWORD);
    assert_eq!(groups(cached.sign_in("ann", &ann).await), 3);
    let url = format!("ldap://127.0.0.1:{}", slapd.plain);
    let (connection, mut ldap) = LdapConnAsync::new(&url).await.expect("connects");
    tokio::spawn(connection.drive());
    ldap.simple_bind(ADMIN, ADMIN_PASSWORD).await.expect("answers").success().expect("signs in");
    let gone = vec![Mod::Delete("member", [ANN].into())];
    let staff = "cn=staff,ou=groups,dc=example,dc=org";
    ldap.modify(staff, gone).await.expect("answers").success().expect("modified");
    assert_eq!(groups(fresh.sign_in("ann", &ann).await), 0);
    assert_eq!(groups(cached.sign_in("ann", &ann).await), 3);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(groups(cached.sign_in("ann", &ann).await), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sign_ins_at_once_are_kept_apart() {
    let slapd = Slapd::start();
    let directory = directory(Settings { queue_ms: 5000, total_ms: 20_000, ..slapd.settings() });
    let all: Vec<_> = (0..40)
        .map(|n| {
            let directory = directory.clone();
            tokio::spawn(async move {
                let (name, password) = match n % 4 {
                    0 => ("ann", ANN_PASSWORD),
                    1 => ("bob", "bob's own password"),
                    2 => ("ann", "bob's own password"),
                    _ => ("bob", ANN_PASSWORD),
                };
                (n % 4 < 2, directory.sign_in(name, &secret(password)).await.outcome.code())
            })
        })
        .collect();
    for task in all {
        let (right, found) = task.await.expect("ends");
        assert_eq!(found, if right { "allow" } else { "wrong_password" });
    }
}
