//! Resolver mode with a real unbound as the upstream, over each transport.

use crate::common::dns::{self, RecordType as T, look_up};
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::partner::{Resolver, dig};
use edgesteer::demo::ca::{ThrowawayCa, now_valid};
use hickory_proto::op::ResponseCode;

const RECORDS: &[&str] = &[
    "partner.example. 300 IN SOA ns.example. hostmaster.example. 1 7200 900 1209600 60",
    "_sipfederationtls._tcp.partner.example. 300 IN SRV 0 0 5061 sip.partner.example.",
    "sip.partner.example. 300 IN A 203.0.113.9",
    "odd.example. 300 IN TYPE65400 \\# 3 010203",
];

#[test]
#[ignore = "needs unbound; run by .ci/run"]
fn unbound_answers_for_inside_hosts_over_udp_tcp_and_tls() {
    let ca = ThrowawayCa::new().unwrap();
    let identity = ca.issue(&["dns.partner.example"], now_valid()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let (unbound, tls) = Resolver::knowing(RECORDS, &identity, home.path());
    for upstream in [
        unbound.address().to_string(),
        format!("tcp://{}", unbound.address()),
        format!("tls://{tls}#dns.partner.example"),
    ] {
        let scene = Scene::deserted(ca.pem());
        let resolver =
            format!("[resolver]\nallow = [\"127.0.0.0/8\"]\nupstreams = [\"{upstream}\"]\nca = \"ca.pem\"\n");
        scene.write(&(scene.text("", &format!("{QUICK}, fall = 1")) + &resolver));
        let _server = Server::ready(&scene);
        let srv = look_up(scene.listen, "_sipfederationtls._tcp.partner.example", T::SRV);
        assert!(srv.metadata.recursion_available && !srv.metadata.authoritative, "{upstream}: {srv:?}");
        assert_eq!(dns::targets(&srv), ["sip.partner.example."], "{upstream}");
        assert_eq!(dig(scene.listen, &["sip.partner.example", "A"]), "203.0.113.9", "{upstream}");
        assert_eq!(dig(scene.listen, &["odd.example", "TYPE65400"]), "\\# 3 010203", "{upstream}");
        let none = look_up(scene.listen, "no.such.example", T::A);
        assert_eq!(none.metadata.response_code, ResponseCode::NXDomain, "{upstream}: {none:?}");
        assert!(look_up(scene.listen, "contoso.com", T::SOA).metadata.authoritative, "{upstream}");
    }
}
