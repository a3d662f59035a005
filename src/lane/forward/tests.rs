use super::*;
use crate::lane::Tally;
use prometheus::Registry;
use std::net::UdpSocket;
use std::time::Duration;

fn forwarder(upstream: &UdpSocket) -> Forwarder {
    let upstream = Upstream { address: upstream.local_addr().unwrap(), protocol: UpstreamProtocol::Udp };
    let allow = ["10.0.0.0/8", "fd00::/8"].map(|prefix| prefix.parse().unwrap()).to_vec();
    Forwarder::new(&Resolver {
        allow,
        upstreams: vec![upstream],
        ca: None,
        cache: 10,
        timeout: Duration::from_secs(30),
    })
}

fn question(number: usize) -> Query {
    Query::query(Name::from_ascii(format!("n{number}.example.")).unwrap(), RecordType::A)
}

#[tokio::test]
async fn no_more_are_under_way_than_there_is_room_for() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (forwarder, tally) = (forwarder(&silent), Tally::new(&Registry::new()).unwrap());
    let mut sought: Vec<_> =
        (0..FORWARDS_MAX).map(|number| forwarder.ask(&question(number), &tally.forwards)).collect();
    assert!(sought.iter().all(|answer| matches!(answer, Answer::Sought(_))));
    let Answer::Known((reply, why)) = forwarder.ask(&question(FORWARDS_MAX), &tally.forwards) else {
        panic!("one more is asked");
    };
    assert_eq!((reply.code, why), (ResponseCode::ServFail, Some(NOT_READY)));
    sought.pop();
    assert!(matches!(forwarder.ask(&question(FORWARDS_MAX), &tally.forwards), Answer::Sought(_)), "one was given up");
}

#[tokio::test]
async fn who_is_allowed_is_told_by_the_address_in_whatever_clothes() {
    let forwarder = forwarder(&UdpSocket::bind("127.0.0.1:0").unwrap());
    for (source, allowed) in [
        ("10.255.0.1", true),
        ("::ffff:10.0.0.1", true),
        ("fd12::1", true),
        ("11.0.0.1", false),
        ("::ffff:11.0.0.1", false),
        ("2001:db8::1", false),
        ("127.0.0.1", false),
    ] {
        assert_eq!(forwarder.allows(source.parse().unwrap()), allowed, "{source}");
    }
}
