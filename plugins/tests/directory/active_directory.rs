//! Sign-in by Active Directory.

use convoke_plugins::ldap::{BindMode, Directory, GroupMode, Settings, TlsMode};
use convoke_plugins::{Denial, Outcome, Privilege, Profile};

use super::samba::{Samba, password};
use super::slapd::secret;

fn directory(settings: Settings) -> Directory {
    Directory::new(settings).expect("good settings")
}

async fn outcome(directory: &Directory, name: &str, password: &str) -> Outcome {
    directory.sign_in(name, &secret(password)).await.outcome
}

async fn profile(directory: &Directory, name: &str, password: &str) -> Profile {
    let report = directory.sign_in(name, &secret(password)).await;
    match report.outcome {
        Outcome::Allowed(profile) => *profile,
        Outcome::Denied(..) | Outcome::Failed(_) => panic!("{report:?}"),
    }
}

#[tokio::test]
async fn active_directory_signs_in_with_nested_groups_and_tells_why_not() {
    let samba = Samba::start();
    let ours = directory(samba.settings());
    both_names_sign_in(&ours).await;
    groups_in_groups_count(&samba, &ours).await;
    refusals_have_the_right_reason(&ours).await;
    direct_bind_and_start_tls_work(&samba).await;
}

async fn both_names_sign_in(ours: &Directory) {
    for name in ["ann@corp.example.org", "ann", "ANN@Corp.Example.Org", " ann "] {
        let found = profile(ours, name, &password("ann")).await;
        assert_eq!(found.first_name.as_deref(), Some("Ann"), "{name}");
        assert_eq!(found.email.as_deref(), Some("ann@example.org"), "{name}");
    }
}

async fn groups_in_groups_count(samba: &Samba, ours: &Directory) {
    let found = profile(ours, "ann", &password("ann")).await;
    let named = |name: &str| {
        let dn = format!("CN={name},CN=Users,DC=corp,DC=example,DC=org");
        found.groups.contains(&dn)
    };
    assert!(named("Staff") && named("Hosts") && named("Everyone"), "{:?}", found.groups);
    assert!(!named("Strangers"));
    let may: Vec<Privilege> = found.privileges.iter().copied().collect();
    assert_eq!(may, [Privilege::InteractiveMeeting, Privilege::Chat, Privilege::Record]);
    assert!(!found.administrator, "`allow_administrator` is off");
    let bob = profile(ours, "bob", &password("bob")).await;
    assert!(bob.privileges.is_empty(), "{:?}", bob.groups);
    let walking = directory(Settings {
        groups: GroupMode::Walk,
        allow_administrator: true,
        ..samba.settings()
    });
    let walked = profile(&walking, "ann", &password("ann")).await;
    let sorted = |mut groups: Vec<String>| {
        groups.sort();
        groups
    };
    assert_eq!(sorted(walked.groups), sorted(found.groups), "walking finds the same");
    assert!(walked.administrator);
    let direct_only = directory(Settings { groups: GroupMode::MemberOf, ..samba.settings() });
    let direct = profile(&direct_only, "ann", &password("ann")).await.groups;
    assert_eq!(direct, ["CN=Staff,CN=Users,DC=corp,DC=example,DC=org"]);
}

async fn refusals_have_the_right_reason(ours: &Directory) {
    let expect = [
        ("ann", "wrong", Denial::WrongPassword),
        ("nobody", "wrong", Denial::UnknownPerson),
        ("*", "wrong", Denial::UnknownPerson),
        ("disabled", "Str0ng-Passw0rd-disabled", Denial::Disabled),
        ("expired", "Str0ng-Passw0rd-expired", Denial::Expired),
        ("mustchange", "Str0ng-Passw0rd-mustchange", Denial::MustChange),
        ("locked", "Str0ng-Passw0rd-wrong", Denial::WrongPassword),
        ("locked", "Str0ng-Passw0rd-wrong", Denial::WrongPassword),
        ("locked", "Str0ng-Passw0rd-wrong", Denial::WrongPassword),
        ("locked", "Str0ng-Passw0rd-locked", Denial::Locked),
    ];
    for (name, password, denial) in expect {
        let found = outcome(ours, name, password).await;
        assert_eq!(found, Outcome::Denied(denial, denial.sentence().to_owned()), "{name}");
    }
    let report = ours.sign_in("disabled", &secret(&password("disabled"))).await;
    let step = report.steps.iter().find(|step| step.what == "password").expect("a step");
    assert!(step.detail.to_string().contains("data 533"), "the operator sees the number: {step:?}");
}

async fn direct_bind_and_start_tls_work(samba: &Samba) {
    let direct = Settings {
        bind: BindMode::Direct,
        direct_template: "{name}@corp.example.org".to_owned(),
        filter: "(sAMAccountName={name})".to_owned(),
        bind_dn: String::new(),
        bind_password_file: None,
        ..samba.settings()
    };
    for settings in [
        direct.clone(),
        Settings { tls: TlsMode::StartTls, ..direct },
        Settings { tls: TlsMode::StartTls, ..samba.settings() },
    ] {
        let directory = directory(settings);
        let found = profile(&directory, "ann", &password("ann")).await;
        assert_eq!(found.privileges.len(), 3);
        let wrong = outcome(&directory, "ann", "wrong").await;
        assert_eq!(wrong.code(), "wrong_password");
        let disabled = outcome(&directory, "disabled", &password("disabled")).await;
        assert_eq!(disabled.code(), "account_disabled");
    }
}
