//! The control socket: what commands get done while a server runs.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use convoke::clerk::Clerk;
use convoke::control_socket::{Answer, Call, ControlSocket, ask};
use convoke::folder::Folder;
use zeroize::Zeroizing;

use super::world::{EMAIL, PASSWORD, World, world};

fn add(email: &str, password: &str) -> Call {
    Call::AccountAdd {
        email: email.to_owned(),
        name: "Ann".to_owned(),
        administrator: false,
        password: Zeroizing::new(password.to_owned()),
    }
}

pub(crate) fn listening(world: &World, folder: &Folder) {
    let clerk = Clerk {
        accounts: world.site.accounts(),
        engine: Arc::clone(&world.engine) as Arc<dyn convoke::control::Engine>,
        folder: folder.clone(),
        address: Some(world.site.address()),
        policies: None,
    };
    let folder = folder.clone();
    world.block_on(async move {
        let socket = ControlSocket::bind(&folder).expect("bound");
        tokio::spawn(socket.run(clerk));
    });
}

#[test]
fn a_running_server_adds_accounts_and_says_what_is_wrong() {
    let world = world("");
    let folder = world.folder.clone();
    let asked = |call| world.block_on(ask(&folder, &call)).expect("answers");
    assert_eq!(asked(add(EMAIL, PASSWORD)), None, "nobody listens yet");
    listening(&world, &folder);
    let mode = std::fs::metadata(folder.control_socket()).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(asked(add(EMAIL, PASSWORD)), Some(Answer::Done(format!("Account {EMAIL} added."))));
    let refused = |call| match asked(call) {
        Some(Answer::Refused(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(add(EMAIL, PASSWORD)).contains("already"));
    assert!(refused(add("bob@example.org", "short")).contains("15 characters"));
    assert!(refused(add("nobody", PASSWORD)).contains("e-mail address"));
    assert!(!world.sign_in(EMAIL).is_empty());
}

#[test]
fn a_running_server_is_backed_up_with_its_secrets() {
    let world = world("");
    let folder = world.folder.clone();
    listening(&world, &folder);
    world.account(EMAIL, false);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let to = dir.path().join("backup");
    let answer = world.block_on(ask(&folder, &Call::Backup { to: to.clone() })).expect("answers");
    assert_eq!(answer, Some(Answer::Done(format!("Backed up to {}.", to.display()))));
    for file in ["log", "keys/vault.key", "keys/pepper.key", "secrets/account-1.password"] {
        assert!(to.join(file).exists(), "{file}");
    }
}

#[test]
fn a_folder_with_a_very_long_name_has_a_control_socket_too() {
    let world = world("");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let long = dir.path().join("a".repeat(90)).join("b".repeat(90));
    let folder = Folder::open(&long).expect("opens");
    listening(&world, &folder);
    let asked = world.block_on(ask(&folder, &add(EMAIL, PASSWORD))).expect("answers");
    assert!(matches!(asked, Some(Answer::Done(_))), "{asked:?}");
}
