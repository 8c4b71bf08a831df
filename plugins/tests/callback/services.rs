//! A server that a script asks something of its own, by `http.ask`.

use convoke_model::policy::Value;
use convoke_plugins::callback::Settings;

use super::server::{Deed, Server, callback, http};

fn json(body: &str) -> Vec<u8> {
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
    format!("{head}: {length}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn fields_go_out_as_a_form_and_json_comes_back_as_data() {
    let server = Server::plain(Deed::Send(json(r#"{"vip": true, "desk": "北京"}"#))).await;
    let service = callback(server.settings());
    let question = Value::map([("email", "ann b@example.org".into()), ("seats", 3_i64.into())]);
    let answer = service.fetch(&question).await.expect("answered");
    let told = Value::map([("vip", true.into()), ("desk", "北京".into())]);
    assert_eq!(answer, told);
    let request = server.last_request();
    assert!(request.starts_with("POST /login HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("email=ann%20b%40example.org&seats=3"), "{request}");
}

#[tokio::test]
async fn what_is_no_answer_is_a_sentence() {
    let server = Server::plain(Deed::Send(http("plain text"))).await;
    let service = callback(Settings { total_ms: 300, ..server.settings() });
    let question = Value::map([("email", "ann@example.org".into())]);
    assert_eq!(service.fetch(&question).await, Ok("plain text".into()), "text is text");
    let deeds = [
        Deed::Send(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n".to_vec()),
        Deed::Send(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Deed::Send(json(&"[".repeat(4000))),
        Deed::Send(json(r#"{"a": 0.5}"#)),
        Deed::Flood(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".to_vec()),
        Deed::Stall,
        Deed::Reset,
    ];
    for deed in deeds {
        server.does(deed);
        let why = service.fetch(&question).await.expect_err("no answer");
        assert!(!why.is_empty() && !why.contains("ann@example.org"), "{why}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_asked() {
    let server = Server::plain(Deed::Send(http("secret"))).await;
    let service = callback(Settings { allow_loopback: false, ..server.settings() });
    assert!(service.fetch(&Value::map([("a", "b".into())])).await.is_err());
    assert_eq!(server.accepted(), 0);
}
