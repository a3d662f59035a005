//! RFC 7858: DNS over TLS. Handshakes that fail or do not end are in `tests/streams`.

use super::*;
use common::tls::{certify, client, shake, text};
use rustls::version::{TLS12, TLS13};

/// A server with TLS, and its address.
pub(crate) struct Private {
    pub(crate) at: SocketAddr,
    ca: ThrowawayCa,
    _serving: (Server, Scene),
}

impl Private {
    pub(crate) fn start() -> Self {
        let ca = ThrowawayCa::new().unwrap();
        let (scene, at) = (Scene::deserted(ca.pem()), common::fresh_address());
        certify(&scene, &ca);
        scene.write(&text(&scene, at));
        Self { at, ca, _serving: (Server::ready(&scene), scene) }
    }

    /// A connection over which DNS can be spoken.
    pub(crate) fn open(&self) -> Connection<common::tls::Stream> {
        let mut stream = client(self.ca.pem(), self.at, &TLS13, &["dot"]);
        shake(&mut stream).unwrap();
        Connection(stream)
    }
}

#[test]
fn section_3_2_the_handshake_comes_first() {
    let server = Private::start();
    for version in [&TLS12, &TLS13] {
        let mut stream = client(server.ca.pem(), server.at, version, &[]);
        shake(&mut stream).unwrap();
        assert_eq!(types(&Connection(stream).ask(&plain("contoso.com", SOA)).answers), [SOA]);
    }
}

#[test]
fn section_3_3_messages_are_framed_as_over_tcp_and_may_be_pipelined() {
    let server = Private::start();
    let mut connection = server.open();
    (0..50).for_each(|_| connection.say(&plain("contoso.com", SOA)));
    for _ in 0..50 {
        assert_eq!(types(&read(&connection.hear().unwrap()).answers), [SOA]);
    }
}

#[test]
fn section_3_4_a_connection_is_kept_for_more_questions_and_says_for_how_long() {
    let server = Private::start();
    let mut connection = server.open();
    for _ in 0..2 {
        let answer = connection.ask(&edns("contoso.com", SOA, &option(KEEPALIVE, &[])));
        assert_eq!(option_of(&answer, KEEPALIVE).map(|data| data.len()), Some(2));
    }
}
