//! The check of an adapter finds what is wrong, and the example adapter passes it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use convoke_plugins::callback::{Callback, Finding, Known, Method, Settings, check_adapter};

use super::server::{Deed, Server, callback, code, http, no, secret, yes};

const PASSWORD: &str = "correct horse & <battery> é";

fn wrong(findings: &[Finding]) -> Vec<String> {
    let told = |finding: &Finding| {
        finding.wrong.iter().map(|wrong| format!("{}: {wrong}", finding.tried)).collect::<Vec<_>>()
    };
    findings.iter().flat_map(told).collect()
}

#[tokio::test]
async fn an_adapter_that_lets_everybody_in_is_told_so() {
    let server = Server::plain(Deed::Send(http(&yes()))).await;
    let findings = check_adapter(&callback(server.settings()), None).await;
    assert!(findings.len() > 30);
    for finding in &findings {
        assert!(finding.wrong[0].starts_with("IT LET SOMEBODY IN"), "{finding:?}");
    }
    server.does(Deed::Send(http(&no("wrong"))));
    let findings = check_adapter(&callback(server.settings()), None).await;
    assert_eq!(wrong(&findings), Vec::<String>::new(), "one that lets nobody in is fine so far");
    let known = secret("right");
    let known = Some(Known { name: "ann", secret: &known });
    let findings = check_adapter(&callback(server.settings()), known).await;
    assert!(wrong(&findings)[0].contains("the right password was refused"));
}

#[tokio::test]
async fn a_careless_answer_is_told_so() {
    let cases = [
        (http(&no("no entry for <x>")), "there is an element within __Reason__"),
        (http(&no("no entry for x & y")), "cannot be used"),
        (http(&no("")), "there is no __Reason__"),
        (http("<html>Internal error</html>"), "outermost element"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec(), "status 500"),
        (b"HTTP/1.1 302 Go\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n".to_vec(), "redirect"),
    ];
    let server = Server::plain(Deed::Stall).await;
    for (bytes, expected) in cases {
        server.does(Deed::Send(bytes));
        let findings = check_adapter(&callback(server.settings()), None).await;
        assert!(wrong(&findings).iter().all(|told| told.contains(expected)), "{findings:?}");
        assert!(findings.iter().all(|finding| !finding.wrong.is_empty()), "{expected}");
    }
}

/// The example, running. It ends with the test.
struct Example {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/adapter/adapter.py")
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command.arg(script()).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn example() -> Example {
    let mut child = python().arg("--hash").spawn().expect("python3 is needed for this test");
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{PASSWORD}").expect("written");
    drop(stdin);
    let hash = child.wait_with_output().expect("ends").stdout;
    let hash = String::from_utf8(hash).expect("text").trim().to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let people = folder.path().join("people.json");
    let ann = format!(
        "{{\"ann@example.org\": {{\"password\": \"{hash}\", \"first_name\": \"Ann <&> Ä\", \
         \"last_name\": \"Lee\", \"user_id\": \"17\", \"privileges\": [\"Chat\"], \
         \"time_zone\": 80}}}}"
    );
    std::fs::write(&people, ann).expect("written");
    let mut child = python()
        .args(["--listen", "127.0.0.1:0", "--people"])
        .arg(&people)
        .spawn()
        .expect("python3 is needed for this test");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
    let address = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
    Example { child, url: format!("http://{address}/login"), _folder: folder }
}

#[tokio::test]
async fn the_example_adapter_passes_its_check() {
    let example = example();
    let password = secret(PASSWORD);
    for method in [Method::Post, Method::Get] {
        let settings = Settings {
            url: example.url.clone(),
            allow_loopback: true,
            require_nonce: true,
            method,
            ..Settings::default()
        };
        let adapter: Callback = callback(settings);
        let report = adapter.ask("ann@example.org", &password).await;
        assert_eq!(code(&report), "allow", "{report:?}");
        assert!(format!("{:?}", report.outcome).contains("Ann <&> Ä"), "{report:?}");
        assert_eq!(code(&adapter.ask("ann@example.org", &secret("wrong")).await), "refused");
        let known = Known { name: "ann@example.org", secret: &password };
        let findings = check_adapter(&adapter, Some(known)).await;
        assert_eq!(wrong(&findings), Vec::<String>::new());
    }
}
