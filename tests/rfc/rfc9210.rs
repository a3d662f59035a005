//! RFC 9210: TCP as an operational requirement.

use super::*;

/// A server with more name servers than fit a datagram.
fn crowded() -> Serving {
    let scene = Scene::deserted(ThrowawayCa::new().unwrap().pem());
    let many: Vec<String> =
        (0..60).map(|i| format!("\"ns{i}-is-the-long-name-of-a-server.contoso.com\" = [\"192.0.2.{i}\"]")).collect();
    let text = scene.text("", &format!("{QUICK}, fall = 1"));
    let ours = text.lines().find(|line| line.starts_with("ns = ")).unwrap();
    scene.write(&text.replacen(ours, &format!("ns = {{ {} }}", many.join(", ")), 1));
    let server = Server::ready(&scene);
    Serving { at: scene.listen, server, scene }
}

#[test]
fn section_4_1_what_is_cut_over_udp_is_whole_over_tcp() {
    let server = crowded();
    let asked = edns("contoso.com", 2, &[]);
    let cut = server.ask(&asked);
    assert!(cut.metadata.truncation && cut.answers.is_empty() && cut.edns.is_some());
    let whole = server.ask_tcp(&asked);
    assert_eq!((whole.metadata.truncation, whole.answers.len()), (false, 60));
    assert!(!udp(server.at, &plain("contoso.com", SOA)).unwrap().is_empty());
}

#[test]
fn section_4_2_one_client_of_many_connections_leaves_room_for_another() {
    let server = Serving::start();
    let _idle: Vec<_> = (0..100).map(|_| Connection::open(server.at)).collect();
    Connection::open(server.at).ask(&plain("contoso.com", SOA));
    assert_eq!(types(&server.ask(&plain("contoso.com", SOA)).answers), [SOA]);
}

#[test]
fn section_4_2_connections_end_in_order_when_the_server_stops() {
    let mut server = Serving::with("");
    let mut connection = Connection::open(server.at);
    connection.ask(&plain("contoso.com", SOA));
    server.server.signal(Signal::TERM);
    assert_eq!(connection.hear(), None, "ended, and not reset");
    assert!(server.server.wait().success());
}
