//! What becomes of every kind of answer.

use std::time::Duration;

use convoke_model::policy::Value;
use convoke_plugins::callback::{Method, Settings};
use convoke_plugins::{Denial, Outcome, Privilege, Profile};

use super::server::{Deed, Server, ask, callback, code, http, no, secret, xml, yes};

fn profile(outcome: Outcome) -> Profile {
    match outcome {
        Outcome::Allowed(profile) => *profile,
        Outcome::Denied(..) | Outcome::Failed(_) => panic!("{outcome}"),
    }
}

#[tokio::test]
async fn a_good_answer_lets_in_with_what_it_says() {
    let body = xml("<__Status__>SUCCEED</__Status__><__FirstName__>John</__FirstName__>\
         <__LastName__>Doe</__LastName__><__Phone__>408</__Phone__><__UserId__>2910</__UserId__>\
         <__IsAdministrator__>Y</__IsAdministrator__><__PrivilegeChat__>Y</__PrivilegeChat__>\
         <__PrivilegeRecord__>N</__PrivilegeRecord__>\
         <__VideoConferencing__>Y</__VideoConferencing__>\
         <__TimeZone__>80</__TimeZone__><__CostCenter__>7</__CostCenter__>");
    let server = Server::plain(Deed::Send(http(&body))).await;
    let report = ask(&callback(server.settings())).await;
    let script = Value::from(&report.outcome);
    let found = profile(report.outcome);
    assert_eq!(found.first_name.as_deref(), Some("John"));
    assert_eq!(found.user_id.as_deref(), Some("2910"));
    assert_eq!(found.time_zone.as_deref(), Some("America/Los_Angeles"));
    let may: Vec<Privilege> = found.privileges.iter().copied().collect();
    assert_eq!(may, [Privilege::Chat, Privilege::VideoConference]);
    assert!(!found.administrator, "the settings do not allow it");
    assert_eq!(found.others["CostCenter"], "7");
    assert_eq!(script.get("outcome").and_then(Value::text), Some("allow"));
    let others = script.get("profile").and_then(|p| p.get("others")).expect("for the script");
    assert_eq!(others.get("CostCenter").and_then(Value::text), Some("7"));
    let allowed = Settings { allow_administrator: true, ..server.settings() };
    assert!(profile(ask(&callback(allowed)).await.outcome).administrator);
}

#[tokio::test]
async fn name_and_password_travel_as_the_settings_say() {
    let server = Server::plain(Deed::Send(http(&yes()))).await;
    let odd = secret("p&=+ %é\"");
    let post = callback(server.settings());
    assert_eq!(code(&post.ask("ann@example.org", &odd).await), "allow");
    let request = server.last_request();
    assert!(request.starts_with("POST /login HTTP/1.1\r\n"), "{request}");
    assert!(
        request.ends_with("\r\n\r\nemail=ann%40example.org&password=p%26%3D%2B%20%25%C3%A9%22")
    );
    assert!(request.to_lowercase().contains("accept-encoding: identity\r\n"), "{request}");
    let get = callback(Settings { method: Method::Get, ..server.settings() });
    assert_eq!(code(&get.ask("any name", &odd).await), "allow");
    let request = server.last_request();
    let first = "GET /login?email=any%20name&password=p%26%3D%2B%20%25%C3%A9%22 HTTP/1.1\r\n";
    assert!(request.starts_with(first), "{request}");
    let host = format!("host: {}\r\n", server.address);
    assert!(request.to_lowercase().contains(&host), "{request}");
}

#[tokio::test]
async fn a_refusal_brings_its_reason_as_plain_text() {
    let server = Server::plain(Deed::Send(http(&no("No &lt;b&gt;contract&lt;/b&gt;")))).await;
    let report = ask(&callback(server.settings())).await;
    let expected = Outcome::Denied(Denial::Refused, "No <b>contract</b>".to_owned());
    assert_eq!(report.outcome, expected);
    server.does(Deed::Send(http(&xml("<__Status__>FAILED</__Status__>"))));
    let report = ask(&callback(server.settings())).await;
    assert_eq!(report.outcome, Outcome::Denied(Denial::Refused, "The sign-in was refused.".into()));
}

#[tokio::test]
async fn answers_come_with_a_length_in_chunks_or_until_the_end() {
    let server = Server::plain(Deed::Stall).await;
    let callback = callback(server.settings());
    let body = yes();
    let (one, two) = body.split_at(30);
    let (a, b) = (one.len(), two.len());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/xml; charset=\"utf-8\"\r\n";
    let forms = [
        format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()),
        format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n{a:x}\r\n{one}\r\n{b:x}\r\n{two}\r\n0\r\n\r\n"
        ),
        format!("{head}Connection: close\r\n\r\n{body}"),
        format!("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n{body}"),
    ];
    for form in forms {
        server.does(Deed::Send(form.clone().into_bytes()));
        assert_eq!(code(&ask(&callback).await), "allow", "{form}");
        server.does(Deed::Drip(form.clone().into_bytes(), Duration::from_micros(100)));
        assert_eq!(code(&ask(&callback).await), "allow", "byte by byte: {form}");
    }
}

#[tokio::test]
async fn whatever_is_no_clear_yes_lets_nobody_in() {
    let server = Server::plain(Deed::Stall).await;
    let callback = callback(server.settings());
    let with_head = |head: &str, body: &str| {
        format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let typed = |kind: &str| with_head(&format!("200 OK\r\nContent-Type: {kind}"), &yes());
    let doctype = format!("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", yes());
    let doubled = xml("<__Status__>FAILED</__Status__><__Status__>SUCCEED</__Status__>");
    let compressed = "200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip";
    let redirect = format!("302 Found\r\nLocation: http://{}/other", server.address);
    let mut latin =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=iso-8859-1\r\n\r\n".to_vec();
    latin.extend(b"<__Return__><__Status__>SUCCEED</__Status__><__X__>\xE9</__X__></__Return__>");
    let cut = http(&yes());
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("redirect", with_head(&redirect, &yes()), "redirected"),
        ("301", with_head("301 Moved\r\nLocation: /x", &yes()), "redirected"),
        ("307", with_head("307 Again\r\nLocation: /x", &yes()), "redirected"),
        ("300", with_head("300 Choose\r\nContent-Type: text/xml", &yes()), "redirected"),
        ("401", with_head("401 No\r\nContent-Type: text/xml", &yes()), "status"),
        ("404", with_head("404 No\r\nContent-Type: text/xml", &yes()), "status"),
        ("500", with_head("500 Oh\r\nContent-Type: text/xml", &yes()), "status"),
        ("201", with_head("201 Made\r\nContent-Type: text/xml", &yes()), "status"),
        ("206", with_head("206 Part\r\nContent-Type: text/xml", &yes()), "status"),
        ("json", typed("application/json"), "content_type"),
        ("binary", typed("application/octet-stream"), "content_type"),
        ("picture", typed("image/svg"), "content_type"),
        ("no type", with_head("200 OK\r\nX: y", &yes()), "content_type"),
        ("gzip", with_head(compressed, &yes()), "content_type"),
        ("html page", http("<html><body>Welcome, John</body></html>"), "bad_answer"),
        ("empty", http(""), "bad_answer"),
        ("doctype", http(&doctype), "bad_answer"),
        ("doubled", http(&doubled), "bad_answer"),
        ("no status", http(&xml("<__UserId__>1</__UserId__>")), "bad_answer"),
        ("OK", http(&xml("<__Status__>OK</__Status__>")), "bad_answer"),
        ("charset", latin, "bad_answer"),
        ("cut body", cut[..cut.len() - 8].to_vec(), "bad_answer"),
        ("cut head", b"HTTP/1.1 200 OK\r\nContent-".to_vec(), "bad_answer"),
        ("no HTTP", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "bad_answer"),
        ("nothing", Vec::new(), "bad_answer"),
        (
            "two lengths",
            b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"
                .to_vec(),
            "bad_answer",
        ),
        (
            "bad chunk",
            b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
                .to_vec(),
            "bad_answer",
        ),
        (
            "1 GB announced",
            b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1073741824\r\n\r\n".to_vec(),
            "answer_too_long",
        ),
        ("65 KiB", http(&format!("{}{}", yes(), " ".repeat(65 * 1024))), "answer_too_long"),
        (
            "endless head",
            format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100_000)).into_bytes(),
            "bad_answer",
        ),
        (
            "many headers",
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(200)).into_bytes(),
            "bad_answer",
        ),
    ];
    for (what, bytes, expected) in cases {
        let before = server.accepted();
        server.does(Deed::Send(bytes));
        let report = ask(&callback).await;
        assert_eq!(code(&report), expected, "{what}: {}", report.outcome);
        assert_eq!(server.accepted(), before + 1, "{what}: asked once, no redirect followed");
    }
    server.does(Deed::Reset);
    let report = ask(&callback).await;
    assert!(["bad_answer", "unreachable"].contains(&code(&report)), "{}", report.outcome);
}

#[tokio::test]
async fn a_gigabyte_without_a_length_is_not_read() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<__Return__>";
    let server = Server::plain(Deed::Flood(head.as_bytes().to_vec())).await;
    assert_eq!(code(&ask(&callback(server.settings())).await), "answer_too_long");
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n\
                   40000000\r\n";
    server.does(Deed::Flood(chunked.as_bytes().to_vec()));
    assert_eq!(code(&ask(&callback(server.settings())).await), "answer_too_long");
}

#[tokio::test]
async fn an_old_answer_is_worth_nothing_when_a_nonce_is_required() {
    let echo = xml("<__Status__>SUCCEED</__Status__><__Nonce__>ECHO</__Nonce__>");
    let server = Server::plain(Deed::Send(http(&echo).to_vec())).await;
    // The length is that of the answer with the nonce in it.
    let sized = http(&echo.replace("ECHO", &"0".repeat(32)));
    let text = String::from_utf8(sized).expect("text").replace(&"0".repeat(32), "ECHO");
    server.does(Deed::Send(text.into_bytes()));
    let callback = callback(Settings { require_nonce: true, ..server.settings() });
    assert_eq!(code(&ask(&callback).await), "allow");
    for stale in ["", "<__Nonce__></__Nonce__>", "<__Nonce__>00</__Nonce__>"] {
        let body = xml(&format!("<__Status__>SUCCEED</__Status__>{stale}"));
        server.does(Deed::Send(http(&body)));
        assert_eq!(code(&ask(&callback).await), "bad_answer", "{stale}");
    }
}
