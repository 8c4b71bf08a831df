//! The commands that try a sign-in by others: `convoke auth` and `convoke ldap`, as a person runs
//! them.

#[path = "../../../plugins/tests/directory/authority.rs"]
mod authority;
#[path = "../../../plugins/tests/directory/program.rs"]
mod program;
#[expect(dead_code, reason = "the directories' own tests use the rest of it")]
#[path = "../../../plugins/tests/directory/slapd.rs"]
pub(crate) mod slapd;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use convoke_model::policy::Value;

const PASSWORD: &str = "canary-8d2f-password";

/// An application server that lets in whoever has `PASSWORD`, or everybody.
fn adapter(everybody: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = vec![0; 64 * 1024];
            let mut request = String::new();
            while !is_whole(&request) {
                let Ok(count @ 1..) = stream.read(&mut bytes) else { break };
                request.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
            let right = everybody || request.ends_with(&format!("password={PASSWORD}"));
            let body = if right {
                "<__Return__><__Status__>SUCCEED</__Status__><__FirstName__>Ann</__FirstName__>\
                 <__UserId__>17</__UserId__></__Return__>"
            } else {
                "<__Return__><__Status__>FAILED</__Status__><__Reason__>No contract</__Reason__>\
                 </__Return__>"
            };
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}");
        }
    });
    address
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        line.to_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok()
    });
    body.len() >= length.unwrap_or(0)
}

/// Runs `convoke` with a password on its standard input: whether it ended well, and what it said.
fn convoke(words: &[&str], password: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_convoke"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("convoke starts");
    let mut stdin = child.stdin.take().expect("piped");
    let _ = writeln!(stdin, "{password}");
    drop(stdin);
    let out = child.wait_with_output().expect("it ends");
    let said = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8(said).expect("text"))
}

#[test]
fn an_adapter_is_checked_and_the_exit_code_tells() {
    let check = |address: SocketAddr, more: &[&str]| {
        let url = format!("http://{address}/login");
        let mut words = vec!["auth", "check-adapter", &url];
        words.extend(more);
        convoke(&words, PASSWORD)
    };
    let (honest, careless) = (adapter(false), adapter(true));
    let known = ["--allow-loopback", "--email", "ann", "--password-stdin"];
    let (well, said) = check(honest, &known);
    assert!(well && said.contains("ok") && said.contains("all as it should be"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
    let (well, said) = check(careless, &["--allow-loopback"]);
    assert!(!well && said.contains("IT LET SOMEBODY IN"), "{said}");
    let (well, said) = check(honest, &[]);
    assert!(!well && said.contains("is this machine"), "{said}");
    let (well, said) = check(honest, &["--allow-loopback", "--email", "ann"]);
    assert!(!well && said.contains("belong together"), "{said}");
}

#[test]
fn a_sign_in_by_an_application_server_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("convoke.toml");
    let settings = |url: &str| {
        format!("[callback.crm]\nurl = \"{url}\"\nallow_loopback = true\ndeny_cache_s = 0\n")
    };
    let url = format!("http://{}/login", adapter(false));
    std::fs::write(&config, settings(&url)).expect("written");
    let data = folder.path().display().to_string();
    let explain = |password: &str| {
        convoke(&["auth", "explain", "ann", "--password-stdin", "--data", &data], password)
    };
    let (well, said) = explain(PASSWORD);
    assert!(well && said.contains("Let in by callback.crm"), "{said}");
    for word in ["resolve", "connect", "answer", "SUCCEED", "first name: Ann", " ms "] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains(PASSWORD), "{said}");
    let (well, said) = explain("wrong");
    assert!(!well && said.contains("No contract"), "{said}");
    let (well, said) = explain("");
    assert!(!well && said.contains("enter a password"), "{said}");
    std::fs::write(&config, settings("ftp://x/")).expect("written");
    let (well, said) = explain(PASSWORD);
    assert!(!well && said.contains("[callback.crm] `url` must begin with"), "{said}");
    let config = config.display().to_string();
    let serve = [
        "serve",
        "--no-supervisor",
        "--data",
        &data,
        "--listen",
        "127.0.0.1:0",
        "--config",
        &config,
    ];
    let (well, said) = convoke(&serve, "");
    assert!(!well && said.contains("[callback.crm]"), "a server does not start with it: {said}");
}

#[test]
fn a_sign_in_by_a_directory_is_tried_step_by_step() {
    let slapd = slapd::Slapd::start();
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("c.toml");
    let text = format!(
        "[ldap.corp]\nservers = [\"127.0.0.1:{}\"]\nca = {:?}\nbind_dn = \"{}\"\n\
         bind_password_file = {:?}\nbase_dn = \"ou=people,dc=example,dc=org\"\ngroups = \"walk\"\n\
         group_base_dn = \"ou=groups,dc=example,dc=org\"\n\
         [ldap.corp.privileges]\nhosts = [\"record\"]\n",
        slapd.tls,
        slapd.files.ca,
        slapd::ADMIN,
        slapd.password_file,
    );
    std::fs::write(&config, text).expect("written");
    let config = config.display().to_string();
    let test = |name: &str, more: &[&str], password: &str| {
        let mut words = vec!["ldap", "test", name, "--config", &config];
        words.extend(more);
        convoke(&words, password)
    };
    let signs_in = ["--server", "corp", "--password-stdin"];
    let (well, said) = test("ann", &signs_in, slapd::ANN_PASSWORD);
    assert!(well && said.contains("Let in by ldap.corp"), "{said}");
    for word in ["LDAPS", slapd::ADMIN, "(uid=ann)", slapd::ANN, "cn=staff", "record", " ms "] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains(slapd::ANN_PASSWORD) && !said.contains(slapd::ADMIN_PASSWORD), "{said}");
    let (well, said) = test("ann", &signs_in, "wrong");
    assert!(!well && said.contains("wrong_password"), "{said}");
    let (well, said) = test("ann", &[], "");
    assert!(well && said.contains("Known to ldap.corp; no password tried."), "{said}");
    let (well, said) = test("nobody", &[], "");
    assert!(!well && said.contains("unknown_person"), "{said}");
    let (well, said) = test("ann", &["--server", "other"], "");
    assert!(!well && said.contains("the settings name: ldap.corp"), "{said}");
    scripts_hear_the_same(&config);
}

/// The same directory, as a script's library calls see it.
fn scripts_hear_the_same(config: &str) {
    let config = convoke::config::Config::load(config.as_ref()).expect("good settings");
    let outside = convoke::outside::Outside::open(&config, &[]).expect("good settings");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let call = |call: &str, password: Option<&str>| {
        let answer = runtime.block_on(outside.call(call, "corp", "ann", password));
        let answer = answer.expect("there is such a call");
        let word = answer.get("outcome").and_then(Value::text).unwrap_or_default().to_owned();
        let person = answer.get("profile").and_then(|profile| profile.get("email")).cloned();
        (word, person)
    };
    let ann = Some(Value::from("ann@example.org"));
    assert_eq!(call("ldap.bind", Some(slapd::ANN_PASSWORD)), ("allow".to_owned(), ann.clone()));
    assert_eq!(call("ldap.find", None), ("found".to_owned(), ann));
    assert_eq!(call("ldap.bind", Some("wrong")), ("deny".to_owned(), None));
}
