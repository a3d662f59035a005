//! Cookies of servers that share a secret: each must know the others' (RFC 9018).

use crate::common::dns::udp;
use crate::common::eventually;
use crate::packets::{edns, option};
use crate::print;
use crate::servers::Servers;
use hickory_proto::op::Message;
use std::net::SocketAddr;

const COOKIE: u16 = 10;
const BADCOOKIE: u16 = 23;

/// RCODE, and the COOKIE option of the answer to a question with this one.
fn answered(server: SocketAddr, cookie: &[u8]) -> (u16, Vec<u8>) {
    let octets = udp(server, &edns(1232, [0; 4], &option(COOKIE, cookie))).unwrap();
    let answer = Message::from_vec(&octets).unwrap();
    let cookie = answer.edns.as_ref().unwrap().option(COOKIE.into()).expect("a cookie is answered with one");
    (answer.metadata.response_code.into(), Vec::try_from(cookie).unwrap())
}

/// Whether a server takes a cookie that is more than a second old for one of its own: one that is not is answered with
/// BADCOOKIE, or with one of now; NSD keeps what is good, and we make no difference but in a question about it alone.
fn knows(name: &str, server: SocketAddr, cookie: &[u8]) -> bool {
    if name != "edgesteer" {
        let (code, fresh) = answered(server, cookie);
        return code != BADCOOKIE && (name == "Knot" || fresh == cookie);
    }
    let mut alone = edns(1232, [0; 4], &option(COOKIE, cookie));
    alone[5] = 0;
    // The question, which is as long as in any other message, is left out.
    let question = crate::packets::soa().len() - 12;
    alone.drain(12..12 + question);
    let answer = Message::from_vec(&udp(server, &alone).unwrap()).unwrap();
    u16::from(answer.metadata.response_code) == 0
}

#[test]
#[ignore = "needs knotd and nsd; run by .ci/run"]
fn each_knows_the_cookies_of_the_others() {
    let servers = Servers::start();
    let made = servers.each().map(|(_, at)| answered(at, &[7; 8]).1);
    // One made in the same second would be the same.
    eventually("a second has passed", || (answered(servers.ours, &[7; 8]).1 != made[0]).then_some(()));
    eventually("another", || (answered(servers.nsd, &[7; 8]).1 != made[2]).then_some(()));
    let mut rows = Vec::new();
    for ((maker, _), cookie) in servers.each().iter().zip(&made) {
        assert_eq!(cookie.len(), 24, "{maker}");
        let mut forged = cookie.clone();
        forged[23] ^= 1;
        let cells = servers.each().map(|(name, at)| (knows(name, at, cookie), knows(name, at, &forged)));
        rows.push((format!("made by {maker}"), cells.map(|known| format!("{known:?}")).to_vec()));
    }
    print("cookie: (right, forged)", &servers.each().map(|(name, _)| name), &rows);
    let ours = rows[0].1.iter().chain(rows.iter().map(|(_, cells)| &cells[0]));
    assert!(ours.into_iter().all(|cell| cell == "(true, false)"), "{rows:?}");
}
