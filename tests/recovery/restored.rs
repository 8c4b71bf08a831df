//! A restored copy and the clients of the node it was copied from.

use convoke_tests::program::Server;
use convoke_wire::close::Close;

use super::guest::Guest;

#[test]
fn a_copy_honours_the_receipts_it_holds_and_names_those_it_does_not() {
    let mut server = Server::start("");
    let (id, host) = server.meeting("some password");
    let mut host = Guest::enter(&server, host).expect("in");
    let ticket = server.ticket(&id, "early", "some password");
    let mut early = Guest::enter(&server, ticket).expect("in");
    (0..3).for_each(|n| host.say(&format!("before {n}")));
    host.hear_up_to(early.half.position().seq + 3);
    early.hear_up_to(host.half.position().seq);
    early.disconnect();

    let backup = server.data().with_file_name("backup");
    let (code, said) = server.command("convoke", &["backup", backup.to_str().expect("text")], "");
    assert_eq!(code, Some(0), "{said}");
    let copied = host.half.position().seq;
    (0..20).for_each(|n| host.say(&format!("after {n}")));
    host.hear_up_to(copied + 20);
    host.disconnect();
    server.stop();

    std::fs::rename(server.data(), server.data().with_file_name("lost")).expect("moved");
    let (code, said) = server.command("convoke", &["restore", backup.to_str().expect("text")], "");
    assert_eq!(code, Some(0), "{said}");
    server.up();
    assert_eq!(host.connect(&server), Err(Some(Close::Diverged.code())), "it holds 20 facts more");
    assert_eq!(early.connect(&server), Ok(()), "the copy holds everything it knows of");
    server.stop();
    let (code, said) = server.command("convoke-audit", &["verify"], "");
    assert_eq!(code, Some(0), "{said}");
}
