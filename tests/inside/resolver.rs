//! Resolver mode: what is not ours is asked of upstreams, for clients that may and for nobody else.

use super::common::dns::{RecordType as T, from_subnet, question, with_edns};
use super::common::scene::{QUICK, Scene};
use super::common::server::{Server, get, run, said};
use super::common::{fresh_address, fresh_ip, write_secret};
use super::upstream::Upstream;
use super::{Client, read, write};
use edgesteer::demo::ca::{Identity, ThrowawayCa, now_valid};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RData;
use std::net::{IpAddr, SocketAddr};

/// A server that resolves for one client by these upstreams, with further keys of the section.
struct Room {
    server: Server,
    scene: Scene,
    inside: Client,
    outside: Client,
}

impl Room {
    fn open(upstreams: &[String], more: &str) -> Self {
        let scene = Scene::deserted(ThrowawayCa::new().unwrap().pem());
        Self::of(scene, upstreams, more)
    }

    fn of(scene: Scene, upstreams: &[String], more: &str) -> Self {
        let (inside, outside) = (fresh_ip(), fresh_ip());
        let text = scene.text("", &format!("{QUICK}, fall = 1")) + &section(&[inside], upstreams, more);
        scene.write(&text);
        let server = Server::ready(&scene);
        let [inside, outside] = [inside, outside].map(|ip| Client { ip, server: scene.listen });
        Self { server, scene, inside, outside }
    }

    /// How many questions ended so.
    fn forwarded(&self, outcome: &str) -> f64 {
        self.server.metric(&format!("edgesteer_resolver_forwarded_total{{outcome=\"{outcome}\"}}")).unwrap()
    }
}

fn section(allow: &[IpAddr], upstreams: &[String], more: &str) -> String {
    let allow: Vec<String> = allow.iter().map(|ip| format!("{ip}/32")).collect();
    format!("[resolver]\nallow = {allow:?}\nupstreams = {upstreams:?}\n{more}\n")
}

fn code(message: &Message) -> ResponseCode {
    message.metadata.response_code
}

/// RA, AA and AD.
fn flags(message: &Message) -> (bool, bool, bool) {
    let flags = &message.metadata;
    (flags.recursion_available, flags.authoritative, flags.authentic_data)
}

/// The INFO-CODE of an answer.
fn why(message: &Message) -> Option<u8> {
    let option = message.edns.as_ref()?.option(15.into())?;
    Some(Vec::try_from(option).unwrap()[1])
}

#[test]
fn what_upstreams_say_is_passed_on_and_ours_is_ours() {
    let upstream = Upstream::start();
    let room = Room::open(&[upstream.address.to_string()], "");
    let inside = room.inside;
    let answer = inside.ask("www.example", T::A);
    assert_eq!((code(&answer), flags(&answer)), (ResponseCode::NoError, (true, false, false)));
    assert!(matches!(answer.answers[..], [ref record] if record.data.ip_addr() == Some([203, 0, 113, 7].into())));
    assert_eq!(answer.answers[0].name.to_string(), "www.example.");

    let answer = inside.ask("alias.example", T::A);
    assert_eq!(answer.answers.iter().map(|r| r.record_type()).collect::<Vec<_>>(), [T::CNAME, T::A]);
    let answer = inside.ask("_sipfederationtls._tcp.partner.example", T::SRV);
    assert!(matches!(&answer.answers[..], [record] if matches!(&record.data, RData::SRV(srv) if srv.port == 5061)));
    let answer = inside.ask("odd.example", T::Unknown(65_400));
    assert!(matches!(&answer.answers[..], [record] if u16::from(record.record_type()) == 65_400), "{answer:?}");

    for (name, kind, expected) in
        [("nx.example", T::A, ResponseCode::NXDomain), ("www.example", T::AAAA, ResponseCode::NoError)]
    {
        let answer = inside.ask(name, kind);
        assert_eq!(
            (code(&answer), answer.answers.len(), flags(&answer)),
            (expected, 0, (true, false, false)),
            "{name}"
        );
        // RFC 2308 section 5: no longer than MINIMUM.
        assert!(matches!(&answer.authorities[..], [soa] if soa.record_type() == T::SOA && soa.ttl <= 60), "{answer:?}");
    }
    for (name, expected) in [("servfail.example", 22), ("refused.example", 22), ("lame.example", 22)] {
        let answer = inside.udp(&with_edns(question(name, T::A), 1232));
        assert_eq!((code(&answer), why(&answer)), (ResponseCode::ServFail, Some(expected)), "{name}");
    }
    let own = inside.ask("contoso.com", T::SOA);
    assert_eq!((code(&own), flags(&own)), (ResponseCode::NoError, (true, true, false)));
    let own = inside.ask("no.contoso.com", T::A);
    assert_eq!((code(&own), flags(&own)), (ResponseCode::NXDomain, (true, true, false)));
    assert_eq!(upstream.heard("no").len() + upstream.heard("contoso").len(), 0, "what is ours is nobody else's");
}

#[test]
fn nobody_outside_is_resolved_for_and_upstreams_hear_nothing_of_clients() {
    let upstream = Upstream::start();
    let room = Room::open(&[upstream.address.to_string()], "");
    let Room { inside, outside, .. } = &room;
    for client_subnet in [None, Some(format!("{}/32", inside.ip))] {
        let asked = question("mine.example", T::A);
        let asked = client_subnet.map_or(with_edns(asked.clone(), 1232), |subnet| from_subnet(asked, &subnet));
        for answer in [outside.udp(&asked), outside.tcp(&asked)] {
            assert_eq!((code(&answer), flags(&answer)), (ResponseCode::Refused, (false, false, false)));
            assert_eq!(why(&answer), Some(20));
        }
    }
    assert_eq!(flags(&outside.ask("contoso.com", T::SOA)), (false, true, false));
    // Nor for who does not ask for it.
    let mut asked = question("mine.example", T::A);
    asked.metadata.recursion_desired = false;
    assert_eq!(code(&inside.udp(&asked)), ResponseCode::Refused);
    assert_eq!(upstream.heard("mine"), []);

    let answer = inside.udp(&from_subnet(question("mine.example", T::A), "198.51.100.0/24"));
    assert_eq!(code(&answer), ResponseCode::NoError);
    let heard = upstream.heard("mine");
    assert!(heard.len() == 1 && heard[0].options == 0 && heard[0].recursion && !heard[0].tcp, "{heard:?}");
    let config = room.scene.config();
    for (client, text) in [(inside, "forwarded to upstreams"), (outside, "not in allow")] {
        let ip = client.ip.to_string();
        let (out, error) =
            said(&run(&["explain", "-c", config.to_str().unwrap(), "mine.example", "A", "--client", &ip]));
        assert!(out.contains(text), "{out}{error}");
    }
}

#[test]
fn an_answer_is_kept_for_its_time_and_is_the_same_in_any_case() {
    let upstream = Upstream::start();
    let room = Room::open(&[upstream.address.to_string()], "");
    for name in ["kept.example", "kept.example", "KEPT.example", "nx.example", "nx.example"] {
        let answer = room.inside.udp(&question(name, T::A));
        assert!(answer.answers.iter().all(|record| record.name.to_string() == format!("{name}.")), "{answer:?}");
    }
    assert_eq!((upstream.heard("kept").len(), upstream.heard("nx").len()), (1, 1));
    assert_eq!((room.forwarded("cached"), room.forwarded("answer"), room.forwarded("nxdomain")), (3.0, 1.0, 1.0));
    assert_eq!(room.server.metric("edgesteer_resolver_in_flight"), Some(0.0));
    assert_eq!(room.server.metric("edgesteer_resolver_duration_seconds_count"), Some(2.0));
}

#[test]
fn what_is_too_large_for_udp_says_so_and_comes_over_tcp() {
    let upstream = Upstream::start();
    let room = Room::open(&[upstream.address.to_string()], "timeout = \"2s\"");
    let asked = with_edns(question("big.example", T::TXT), 4096);
    let cut = room.inside.udp(&asked);
    assert!(
        cut.metadata.truncation && cut.answers.is_empty() && cut.edns.is_some() && cut.metadata.recursion_available
    );
    let whole = room.inside.tcp(&asked);
    assert!(!whole.metadata.truncation && whole.answers.len() == 20);
    assert_eq!(upstream.heard("big").iter().map(|heard| heard.tcp).collect::<Vec<_>>(), [false, true]);
    // One that says so over TCP too has no answer.
    let answer = room.inside.udp(&with_edns(question("liar.example", T::A), 1232));
    assert_eq!((code(&answer), why(&answer)), (ResponseCode::ServFail, Some(23)));
}

#[test]
fn who_cannot_be_reached_is_no_answer_within_the_time() {
    let silent = Upstream::start();
    let room = Room::open(&[silent.address.to_string()], "timeout = \"600ms\"");
    let answer = room.inside.udp(&with_edns(question("silent.example", T::A), 1232));
    assert_eq!((code(&answer), why(&answer)), (ResponseCode::ServFail, Some(22)));
    assert_eq!(room.forwarded("timeout"), 1.0);
    let dead = Room::open(&[format!("tcp://{}", fresh_address())], "timeout = \"600ms\"");
    let answer = dead.inside.udp(&with_edns(question("www.example", T::A), 1232));
    assert_eq!(code(&answer), ResponseCode::ServFail);
    assert!(matches!(why(&answer), Some(22 | 23)), "{answer:?}");
    // A dead one beside a live one is no harm.
    let both = Room::open(&[fresh_address().to_string(), format!("tcp://{}", silent.address)], "");
    assert_eq!(code(&both.inside.udp(&question("both.example", T::A))), ResponseCode::NoError);
    assert!(silent.heard("both").iter().all(|heard| heard.tcp));
}

#[test]
fn a_slow_answer_delays_nothing_that_is_asked_after_it() {
    let upstream = Upstream::start();
    let room = Room::open(&[upstream.address.to_string()], "");
    let asked = [question("slow.example", T::A), question("contoso.com", T::SOA), question("www.example", T::A)];
    let mut stream = room.inside.connect();
    asked.iter().for_each(|asked| write(&mut stream, asked));
    let heard = [0; 3].map(|_| Message::from_vec(&read(&mut stream)).unwrap().metadata.id);
    let ids = asked.each_ref().map(|asked| asked.metadata.id);
    assert_eq!((heard[0], heard[2]), (ids[1], ids[0]), "ours first, the slow one last");
    let socket = std::net::UdpSocket::bind(SocketAddr::new(room.inside.ip, 0)).unwrap();
    socket.connect(room.scene.listen).unwrap();
    for asked in [question("slow.udp.example", T::A), question("contoso.com", T::SOA)] {
        socket.send(&asked.to_vec().unwrap()).unwrap();
    }
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).unwrap();
    assert_eq!(Message::from_vec(&answer[..length]).unwrap().queries[0].query_type(), T::SOA);
}

#[test]
fn upstreams_over_tls_must_be_who_they_say() {
    let ca = ThrowawayCa::new().unwrap();
    let authority = Scene::deserted(ca.pem());
    let identity: Identity = ca.issue(&["dns.partner.example"], now_valid()).unwrap();
    std::fs::write(authority.path().join("chain.pem"), identity.certificate_pem()).unwrap();
    write_secret(&authority.path().join("key.pem"), &identity.key_pem());
    let tls = fresh_address();
    let key = format!("[server]\ntls = {{ listen = [\"{tls}\"], cert = \"chain.pem\", key = \"key.pem\" }}");
    let text = authority.text("", &format!("{QUICK}, fall = 1")).replace("contoso.com", "partner.example");
    authority.write(&text.replacen("[server]", &key, 1));
    let _authority = Server::ready(&authority);
    for (name, expected) in
        [("dns.partner.example", ResponseCode::NoError), ("dns.other.example", ResponseCode::ServFail)]
    {
        let room =
            Room::of(Scene::deserted(ca.pem()), &[format!("tls://{tls}#{name}")], "ca = \"ca.pem\"\ntimeout = \"3s\"");
        assert_eq!(code(&room.inside.udp(&question("partner.example", T::SOA))), expected, "{name}");
    }
}

#[test]
fn two_that_ask_each_other_come_to_an_end() {
    let [one, two] = [0; 2].map(|_| Scene::deserted(ThrowawayCa::new().unwrap().pem()));
    let client = fresh_ip();
    let servers = [(&one, &two), (&two, &one)].map(|(own, other)| {
        // Each resolves for the other's host, which is how such circles come about.
        let allow = "[resolver]\nallow = [\"127.0.0.0/8\"]\ntimeout = \"1s\"\n";
        let text = own.text("", &format!("{QUICK}, fall = 1"));
        own.write(&format!("{text}{allow}upstreams = [\"{}\"]\n", other.listen));
        Server::ready(own)
    });
    let answer = Client { ip: client, server: one.listen }.udp(&with_edns(question("round.example", T::A), 1232));
    assert_eq!(code(&answer), ResponseCode::ServFail);
    for scene in [&one, &two] {
        let (_, metrics) = get(scene.admin, "/metrics").unwrap();
        let total = metrics.lines().filter(|line| line.starts_with("edgesteer_resolver_forwarded_total"));
        let total: f64 = total.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum();
        assert!(total <= 20.0, "{metrics}");
    }
    drop(servers);
}

#[test]
fn a_reload_takes_over_who_is_resolved_for() {
    let upstream = Upstream::start();
    let mut room = Room::open(&[upstream.address.to_string()], "");
    assert_eq!(code(&room.inside.ask("www.example", T::A)), ResponseCode::NoError);
    let text = room.scene.text("", &format!("{QUICK}, fall = 1"));
    room.scene.write(&(text.clone() + &section(&[room.outside.ip], &[upstream.address.to_string()], "")));
    room.server.signal(rustix::process::Signal::HUP);
    room.server.wait_for_log("reload: taken over");
    assert_eq!(code(&room.outside.ask("www.example", T::A)), ResponseCode::NoError);
    assert_eq!(code(&room.inside.ask("www.example", T::A)), ResponseCode::Refused);
    room.server.wait_for_log("[resolver] allow changed");
}
