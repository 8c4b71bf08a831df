//! Limits that only show with a real client behind them.

use std::time::{Duration, Instant};

use convoke_tests::program::Server;
use convoke_wire::close::Close;

use super::guest::Guest;

#[test]
fn an_address_holds_so_many_connections_that_have_a_ticket() {
    let server = Server::start("[connections]\nadmitted_per_address_max = 2\n");
    let (id, host) = server.meeting("some password");
    let come = |name: &str| Guest::enter(&server, server.ticket(&id, name, "some password"));
    let mut first = Guest::enter(&server, host).expect("in");
    let mut second = come("second").expect("in");
    assert_eq!(come("third").err(), Some(Some(Close::TooFast.code())), "two at most");
    // One that goes makes room, and those who are in are not disturbed.
    second.disconnect();
    let freed = Instant::now();
    let mut fourth = loop {
        match come("fourth") {
            Ok(guest) => break guest,
            Err(_) => assert!(freed.elapsed() < Duration::from_secs(10), "no room is made"),
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(first.is_connected() && fourth.is_connected());
}
