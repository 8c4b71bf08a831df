//! What cannot be run gets one clear sentence and exit code 2.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use crate::{TWO, loadgen, told, with_password};

/// A web server that is something else, until the test's process ends.
fn foreign() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut part = [0; 4096];
                while stream.read(&mut part).is_ok_and(|count| count > 0) {
                    let page = "<h1>It works!</h1>";
                    let length = page.len();
                    let answer =
                        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{page}");
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn a_foreign_server_is_one_clear_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = format!("http://{}", foreign());
    let told = told(TWO, &folder, loadgen(&["--server", &server]));
    assert_eq!(told.code, 2, "{}", told.text);
    assert!(told.text.ends_with("is this a Convoke server?\n"), "{}", told.text);
    assert_eq!(told.text.lines().count(), 1, "{}", told.text);
    let command = loadgen(&["--server", &server, "--account", "a@b.c", "--password-stdin"]);
    let told = with_password(command, &folder.path().join("none"));
    assert_eq!(told.code, 2, "{}", told.text);
    assert!(told.text.ends_with("is this a Convoke server?\n"), "{}", told.text);
    assert_eq!(told.text.lines().count(), 1, "{}", told.text);
}

#[test]
fn a_scenario_that_is_wrong_is_one_clear_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wrong.toml");
    for (text, want) in [
        ("secconds = 3", "line 1: unknown key `secconds`; did you mean `seconds`?"),
        (
            "[roles.a]\nremote_input = { rate = 5 }\n[[sessions]]\npeople = { a = 1 }",
            "somebody with `remote_input` needs somebody else in the session who shares a screen",
        ),
        (
            "[roles.a]\nchat = { rate = -1 }\n[[sessions]]\npeople = { a = 1 }",
            "roles.a.chat.rate must be above 0 and at most 1000000, the least first",
        ),
    ] {
        std::fs::write(&path, text).expect("the folder is there");
        let mut command = loadgen(&["--server", "http://127.0.0.1:1"]);
        let output = command.arg("--scenario").arg(&path).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(told, format!("loadgen: {}: {want}\n", path.display()));
    }
}
