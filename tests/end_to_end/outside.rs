//! `edgesteer check --outside`, with a small server that plays the zone above, and edgesteer as the server that it names.

use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, run, said};
use crate::common::{free_port, fresh_ip};
use edgesteer::demo::ca::{ThrowawayCa, now_valid};
use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::{A, CNAME, NS};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// The zone above: refers every question below contoso.com to these servers, or says what it has itself.
struct Above {
    at: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Above {
    fn start(port: u16, servers: &[(&str, Option<IpAddr>)], own: &[(&str, &str)]) -> Self {
        let socket = UdpSocket::bind(SocketAddr::new(fresh_ip(), port)).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
        let (at, stop) = (socket.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let servers: Vec<(String, Option<IpAddr>)> =
            servers.iter().map(|(host, ip)| ((*host).to_owned(), *ip)).collect();
        let own: Vec<(Name, Name)> = own.iter().map(|(alias, to)| (name(alias), name(to))).collect();
        let ended = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut octets = [0; 4096];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, client)) = socket.recv_from(&mut octets) else { continue };
                let answer = answer(Message::from_vec(&octets[..length]).unwrap(), &servers, &own);
                socket.send_to(&answer.to_vec().unwrap(), client).unwrap();
            }
        });
        Self { at, stop, thread: Some(thread) }
    }
}

impl Drop for Above {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn answer(mut message: Message, servers: &[(String, Option<IpAddr>)], own: &[(Name, Name)]) -> Message {
    message.metadata.message_type = MessageType::Response;
    message.edns = None;
    let asked = message.queries[0].name().clone();
    if let Some((alias, to)) = own.iter().find(|(alias, _)| *alias == asked) {
        message.metadata.authoritative = true;
        message.answers.push(Record::from_rdata(alias.clone(), 3600, RData::CNAME(CNAME(to.clone()))));
    } else if name("contoso.com.").zone_of(&asked) {
        for (host, address) in servers {
            message.authorities.push(Record::from_rdata(name("contoso.com."), 86_400, RData::NS(NS(name(host)))));
            if let Some(IpAddr::V4(v4)) = address {
                message.additionals.push(Record::from_rdata(name(host), 86_400, RData::A(A(*v4))));
            }
        }
    }
    message
}

/// A resolver of the world below com: it knows the server of com, the address of contoso.com, and asks edgesteer for the rest.
struct Resolver {
    at: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Resolver {
    fn start(edgesteer: SocketAddr, com: IpAddr, web: IpAddr) -> Self {
        let socket = UdpSocket::bind(SocketAddr::new(fresh_ip(), 0)).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
        let (at, stop) = (socket.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let ended = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut octets = [0; 4096];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, client)) = socket.recv_from(&mut octets) else { continue };
                let asked = Message::from_vec(&octets[..length]).unwrap();
                let answer = resolve(asked, edgesteer, com, web);
                socket.send_to(&answer.to_vec().unwrap(), client).unwrap();
            }
        });
        Self { at, stop, thread: Some(thread) }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn resolve(asked: Message, edgesteer: SocketAddr, com: IpAddr, web: IpAddr) -> Message {
    let (wanted, kind) = (asked.queries[0].name().clone(), asked.queries[0].query_type());
    let a = |owner: &str, ip: IpAddr| match ip {
        IpAddr::V4(v4) => Record::from_rdata(name(owner), 300, RData::A(A(v4))),
        IpAddr::V6(_) => panic!("loopback addresses are of IPv4"),
    };
    let answers = match (wanted.to_ascii().as_str(), kind) {
        ("com.", RecordType::NS) => {
            vec![Record::from_rdata(wanted.clone(), 300, RData::NS(NS(name("a.gtld.example."))))]
        }
        ("a.gtld.example.", RecordType::A) => vec![a("a.gtld.example.", com)],
        ("contoso.com.", RecordType::A) => vec![a("contoso.com.", web)],
        (owner, _) if owner.ends_with("contoso.com.") => {
            let mut answer = crate::common::dns::ask(edgesteer, &asked);
            (answer.metadata.recursion_available, answer.metadata.authoritative) = (true, false);
            return answer;
        }
        _ => Vec::new(),
    };
    let mut message = asked;
    message.metadata.message_type = MessageType::Response;
    message.metadata.recursion_available = true;
    message.edns = None;
    message.answers = answers;
    message
}

/// A web server that has that one text.
fn web(at: SocketAddr, body: &'static str) -> std::io::Result<JoinHandle<()>> {
    let listener = std::net::TcpListener::bind(at)?;
    let ca = ThrowawayCa::new().unwrap();
    let identity = ca.issue(&["contoso.com"], now_valid()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![identity.certificate()], identity.key()).unwrap());
    Ok(std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), stream);
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap();
        assert!(request[..length].starts_with(b"GET /.well-known/matrix/server HTTP/1.1"), "{request:?}");
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        stream.flush().unwrap();
    }))
}

/// A server, and its configuration with its own address as that of its one name server.
struct World {
    scene: Scene,
    _edges: Edges,
    _server: Server,
}

fn world() -> World {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let ns = r#"ns = { "ns1.contoso.com" = ["192.0.2.53", "2001:db8::53"], "ns2.contoso.com" = ["198.51.100.53"] }"#;
    let text = scene.text("", QUICK);
    assert!(text.contains(ns));
    scene.write(&text.replace(ns, &format!("ns = {{ \"ns1.contoso.com\" = [\"{}\"] }}", scene.listen.ip())));
    let server = Server::ready(&scene);
    World { scene, _edges: edges, _server: server }
}

impl World {
    fn ip(&self) -> IpAddr {
        self.scene.listen.ip()
    }

    /// Looks through this zone above; servers are asked at our server's port.
    fn look(&self, asked: SocketAddr, more: &[&str]) -> (Option<i32>, String, String) {
        let (config, above) = (self.scene.config(), asked.to_string());
        let port = self.scene.listen.port().to_string();
        let fixed = [
            "check",
            "-c",
            config.to_str().unwrap(),
            "--allow",
            "strange-port",
            "--outside",
            &above,
            "--outside-port",
            &port,
        ];
        let output = run(&[&fixed[..], more].concat());
        let (out, error) = said(&output);
        (output.status.code(), out, error)
    }

    fn above(&self, servers: &[(&str, Option<IpAddr>)], own: &[(&str, &str)]) -> Above {
        Above::start(self.scene.listen.port(), servers, own)
    }
}

#[test]
fn what_the_zone_above_says_is_compared_with_the_configuration() {
    let world = world();
    let right = ("ns1.contoso.com.", Some(world.ip()));
    let wrong = fresh_ip();
    let nobody = format!("at {wrong} is delegated to for contoso.com, and is no server of it: Connection refused");
    let cases: Vec<(&str, Above, i32, Vec<String>)> = vec![
        ("right", world.above(&[right], &[]), 0, vec![]),
        (
            "a server too many, which nobody finds",
            world.above(&[right, ("ns9.contoso.com.", None)], &[]),
            3,
            vec![
                "warning[delegation-differs]".to_owned(),
                "delegates contoso.com to ns1.contoso.com, ns9.contoso.com, and \"ns\" has ns1.contoso.com".to_owned(),
                "error[lame-delegation]: ns9.contoso.com is delegated to".to_owned(),
            ],
        ),
        (
            "wrong glue",
            world.above(&[("ns1.contoso.com.", Some(wrong))], &[]),
            3,
            vec![format!("error[glue-differs]: the zone above says {wrong} for ns1.contoso.com"), nobody],
        ),
        (
            "no delegation",
            world.above(&[], &[]),
            3,
            vec![
                "error[outside-silent]: the delegation of contoso.com cannot be seen".to_owned(),
                "error[outside-astray]".to_owned(),
            ],
        ),
        (
            "an alias",
            world.above(&[right], &[("sip.contoso.com.", "edge.provider.example.")]),
            3,
            vec!["error[outside-alias]: sip.contoso.com is an alias of edge.provider.example".to_owned()],
        ),
    ];
    for (case, above, code, parts) in cases {
        let (got, out, error) = world.look(above.at, &[]);
        assert_eq!(got, Some(code), "{case}: {out}{error}");
        assert_eq!(code == 0, error.is_empty(), "{case}: {error}");
        for part in parts {
            assert!(error.contains(&part), "{case}: {part:?} in {error}");
        }
        assert_eq!(
            out.contains(&format!("{}  answers for it", world.ip())),
            got == Some(0) || case != "wrong glue" && case != "no delegation",
            "{case}: {out}"
        );
    }
}

#[test]
fn programs_are_told_what_was_seen_outside() {
    let world = world();
    let above = world.above(&[("ns1.contoso.com.", Some(world.ip()))], &[]);
    let (code, out, _) = world.look(above.at, &["--json", "--strict"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    let zone = &told["outside"]["zones"][0];
    assert_eq!((code, &told["diagnostics"]), (Some(0), &json!([])), "{out}");
    assert_eq!((&zone["zone"], &zone["delegated"]), (&json!("contoso.com"), &json!(true)));
    assert_eq!(zone["servers"], json!([{ "host": "ns1.contoso.com", "address": world.ip(), "fault": null }]));
}

#[test]
fn behind_a_resolver_the_servers_of_the_zone_above_are_asked() {
    let world = world();
    let com = world.above(&[("ns1.contoso.com.", Some(world.ip()))], &[]);
    let resolver = Resolver::start(world.scene.listen, com.at.ip(), fresh_ip());
    let (code, out, error) = world.look(resolver.at, &["--strict"]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("answers for it"), "{out}");
    let (_, out, _) = world.look(resolver.at, &["--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    let by = told["outside"]["zones"][0]["told_by"].as_str().unwrap();
    assert_eq!(by, format!("a.gtld.example ({}), a server of com", com.at.ip()));

    let nobody = world.above(&[], &[]);
    let resolver = Resolver::start(world.scene.listen, nobody.at.ip(), fresh_ip());
    let (code, out, error) = world.look(resolver.at, &[]);
    assert_eq!(code, Some(3), "{out}{error}");
    assert!(error.contains("error[delegation-missing]: the zone above does not delegate contoso.com"), "{error}");
    assert!(out.contains("NOT DELEGATED"), "{out}");
}

#[test]
fn a_well_known_file_with_a_port_bypasses_the_srv() {
    let world = world();
    let at = fresh_ip();
    let listening = web(SocketAddr::new(at, 443), r#"{"m.server": "chat.provider.example:443"}"#);
    let Ok(serving) = listening else {
        panic!("port 443 is needed: run as root, or lower net.ipv4.ip_unprivileged_port_start")
    };
    let text = std::fs::read_to_string(world.scene.config()).unwrap();
    let matrix = "[service.matrix]\nkind = \"matrix\"\ndomains = [\"contoso.com\"]\npools = [\"seoul\", \"dublin\"]\n";
    world.scene.write(&format!("{text}\n{matrix}"));
    let resolver = Resolver::start(world.scene.listen, world.ip(), at);
    let (_, _, error) = world.look(resolver.at, &["--probe"]);
    let expected =
        "warning[well-known-port]: https://contoso.com/.well-known/matrix/server says chat.provider.example:443";
    assert!(error.contains(expected), "{error}");
    serving.join().unwrap();
}

#[test]
fn a_resolver_that_is_silent_is_said() {
    let world = world();
    let nobody = fresh_ip();
    let nobody = SocketAddr::new(nobody, free_port(nobody)).to_string();
    let config = world.scene.config();
    let output = run(&["check", "-c", config.to_str().unwrap(), "--outside", &nobody]);
    let (_, error) = said(&output);
    assert_eq!(output.status.code(), Some(3), "{error}");
    assert!(error.contains(&format!("error[outside-silent]: {nobody} does not answer: Connection refused")), "{error}");
    let output = run(&["check", "-c", config.to_str().unwrap(), "--outside", "resolver.example"]);
    assert_eq!(output.status.code(), Some(2), "an address is needed");
}
