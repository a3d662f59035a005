//! A kamailio at each pool of contoso.com, and one as fabrikam's proxy, which finds contoso.com by SRV: with MESSAGE as an Access
//! Edge does, which takes one record of `_sipfederationtls._tcp` and stops, with OPTIONS as RFC 3263 says, by `_sips._tcp`.

use super::{DUBLIN, PARTNER, SEOUL, World};
use crate::common::eventually;
use crate::inside;
use crate::software::{KAMAILIO, Software};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

const PROXY: Software = Software {
    name: "proxy",
    package: "kamailio and kamailio-tls-modules",
    files: &[
        (
            "tls.cfg",
            "[server:default]\nmethod = TLSv1.2+\nprivate_key = DIR/key.pem\ncertificate = DIR/certificate.pem\n\
             [client:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n\
             ca_list = DIR/../../ca.pem\nprivate_key = DIR/key.pem\ncertificate = DIR/certificate.pem\n",
        ),
        (
            "kamailio.cfg",
            r#"#!KAMAILIO
log_stderror=yes
children=2
tcp_children=1
enable_tls=yes
auto_aliases=no
use_dns_failover=on
dns_try_naptr=off
listen=udp:IP:5060
listen=tls:IP:5061
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "ipops.so"
loadmodule "tls.so"
modparam("tls", "config", "DIR/tls.cfg")
modparam("tm", "fr_timer", 2000)
request_route {
  if (method == "MESSAGE") {
    if (!srv_query("_sipfederationtls._tcp.$rd", "partner")) {
      sl_send_reply("500", "No such partner");
      exit;
    }
    $du = "sip:" + $(srvquery(partner=>target[0])) + ":" + $(srvquery(partner=>port[0])) + ";transport=tls";
  }
  if (!t_relay()) {
    sl_reply_error();
  }
}
"#,
        ),
    ],
    command: &["kamailio", "-DD", "-E", "-m", "32", "-M", "8", "-f", "DIR/kamailio.cfg", "-Y", "DIR", "-w", "DIR"],
};

const SERVICES: &str = r#"
[check.edge]
kind = "sip"
port = 5061
tls = { ca = "ca.pem" }
[service.federation]
kind = "sip-federation"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
steering = "failover"
failback = "auto"
ttl = "1s"
check = "edge"
[service.sips]
kind = "generic"
srv = { owner = "_sips._tcp.{domain}", port = 5061 }
shape = "target"
domains = ["contoso.com"]
pools = ["seoul", "dublin"]
steering = "failover"
failback = "auto"
ttl = "1s"
check = "edge"
"#;
/// Messages that must arrive one and all.
const MANY: usize = 10;

#[test]
#[ignore = "needs root, kamailio and unbound; run by .ci/run"]
fn requests_reach_the_pool_that_lives() {
    inside::run("federation::sip::within");
}

#[test]
#[ignore = "is run by requests_reach_the_pool_that_lives, in namespaces of its own"]
fn within() {
    if !inside::is() {
        return;
    }
    let mut world = World::start(&KAMAILIO, &PROXY, SERVICES);
    world.all_up(&["sip:5061"]);
    world.told("sip.contoso.com", SEOUL);
    let mut alice = Alice::new();
    for method in ["MESSAGE", "OPTIONS"] {
        alice.until_served_by(method, SEOUL);
        alice.is_served_by(method, SEOUL, MANY);
    }

    world.seoul.process().kill();
    for method in ["MESSAGE", "OPTIONS"] {
        let lost = alice.until_served_by(method, DUBLIN);
        println!("killed pool: {lost} times {method} was not answered with 200 before one was by the other pool");
        alice.is_served_by(method, DUBLIN, MANY);
    }

    world.seoul.restart(&world.identity);
    world.told("sip.contoso.com", SEOUL);
    for method in ["MESSAGE", "OPTIONS"] {
        alice.until_served_by(method, SEOUL);
        alice.is_served_by(method, SEOUL, MANY);
    }
}

/// The partner's user, who speaks with her proxy.
struct Alice {
    socket: UdpSocket,
    sent: usize,
}

impl Alice {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.4.10:0").unwrap();
        socket.connect(SocketAddr::new(PARTNER.parse().unwrap(), 5060)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self { socket, sent: 0 }
    }

    /// The final status line of the answer to a request to bob; `None` where there is none in time.
    fn asks(&mut self, method: &str) -> Option<String> {
        self.sent += 1;
        let (number, from) = (self.sent, self.socket.local_addr().unwrap());
        let id = format!("call-{number}@fabrikam.example");
        let request = format!(
            "{method} sip:bob@contoso.com;transport=tls SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK-{number}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:alice@fabrikam.example>;tag=a{number}\r\nTo: <sip:bob@contoso.com>\r\n\
             Call-ID: {id}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
        );
        self.socket.send(request.as_bytes()).unwrap();
        let mut octets = [0; 4096];
        loop {
            // Nothing in time, or a port that is not open yet.
            let length = self.socket.recv(&mut octets).ok()?;
            let answer = String::from_utf8_lossy(&octets[..length]).into_owned();
            if answer.contains(&id) && !answer.starts_with("SIP/2.0 1") {
                return answer.lines().next().map(str::to_owned);
            }
        }
    }

    /// Asks that often, and each time that pool answers.
    fn is_served_by(&mut self, method: &str, pool: &str, many: usize) {
        for _ in 0..many {
            assert_eq!(self.asks(method).as_deref(), Some(&*format!("SIP/2.0 200 {pool}")), "{method}");
        }
    }

    /// Asks until that pool answers, and tells how often nobody did.
    fn until_served_by(&mut self, method: &str, pool: &str) -> usize {
        let mut lost = 0;
        eventually(&format!("{method} is answered by {pool}"), || {
            std::thread::sleep(Duration::from_millis(50));
            let answer = self.asks(method);
            lost += usize::from(!answer.as_ref().is_some_and(|line| line.starts_with("SIP/2.0 200 ")));
            (answer? == format!("SIP/2.0 200 {pool}")).then_some(())
        });
        lost
    }
}
