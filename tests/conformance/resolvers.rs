//! Resolvers in front of us: what they make of our answers with every strictness that they have.

use crate::common::dns::{RecordType as T, question, udp};
use crate::common::process::{Process, system};
use crate::common::{free_port, fresh_address};
use crate::packets::word;
use crate::servers::{Servers, wait_for};
use crate::{REMEDY, ZONE, print};
use hickory_proto::op::Message;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

/// Names, types, and how often they are there.
const ASKED: [(&str, T, &str); 8] = [
    ("fed.test", T::SOA, "OK 1"),
    ("fed.test", T::NS, "OK 2"),
    ("sip.fed.test", T::A, "OK 2"),
    ("_sipfederationtls._tcp.fed.test", T::SRV, "OK 1"),
    // With minimised names, an empty name between two that are not must not look like none at all.
    ("_tcp.fed.test", T::A, "OK 0"),
    ("sip.fed.test", T::TXT, "OK 0"),
    ("no.fed.test", T::A, "NX 0"),
    ("a.b.no.fed.test", T::A, "NX 0"),
];

/// Code and number of answers.
fn said(resolver: SocketAddr, name: &str, kind: T) -> String {
    let asked = question(name, kind);
    let answer = Message::from_vec(&udp(resolver, &asked.to_vec().unwrap()).unwrap()).unwrap();
    format!("{} {}", word(answer.metadata.response_code.into()), answer.answers.len())
}

#[test]
#[ignore = "needs unbound, named, kresd and pdns_recursor; run by .ci/run"]
fn every_resolver_understands_us() {
    let servers = Servers::start();
    let resolvers = [unbound(&servers), bind(&servers), knot(&servers), powerdns(&servers)];
    for (name, at, _) in &resolvers {
        wait_for(name, *at);
    }
    let table: Vec<(String, Vec<String>)> = ASKED
        .iter()
        .map(|&(name, kind, _)| {
            (format!("{name} {kind}"), resolvers.iter().map(|(_, at, _)| said(*at, name, kind)).collect())
        })
        .collect();
    print("in front of us", &resolvers.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), &table);
    for ((_, _, expected), (what, said)) in ASKED.iter().zip(&table) {
        assert!(said.iter().all(|word| word == expected), "{what}: {said:?}, not {expected}");
    }
}

type Resolver = (&'static str, SocketAddr, Process);

fn start(servers: &Servers, name: &'static str, at: SocketAddr, mut command: Command) -> Resolver {
    (name, at, Process::start(command.current_dir(servers.path()), &servers.path().join(format!("{name}.log")), REMEDY))
}

fn unbound(servers: &Servers) -> Resolver {
    let (at, ours) = (fresh_address(), servers.ours);
    let text = format!(
        "server:\n  interface: {}@{}\n  access-control: 127.0.0.0/8 allow\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  \
         directory: \"{}\"\n  pidfile: \"\"\n  use-syslog: no\n  do-not-query-localhost: no\n  module-config: \"iterator\"\n  \
         local-zone: \"test.\" nodefault\n  use-caps-for-id: yes\n  harden-below-nxdomain: yes\n  harden-large-queries: yes\n  \
         harden-short-bufsize: yes\n  harden-referral-path: yes\n  qname-minimisation: yes\n  qname-minimisation-strict: yes\n\
         remote-control:\n  control-enable: no\nstub-zone:\n  name: {ZONE}\n  stub-addr: {}@{}\n",
        at.ip(),
        at.port(),
        servers.path().display(),
        ours.ip(),
        ours.port()
    );
    let mut command = system("unbound");
    command.arg("-d").arg("-c").arg(servers.file("unbound.conf", &text));
    start(servers, "unbound", at, command)
}

fn bind(servers: &Servers) -> Resolver {
    // It listens on addresses that an interface has, and of the loopback network that is this one.
    let ip = Ipv4Addr::LOCALHOST.into();
    let (at, ours) = (SocketAddr::new(ip, free_port(ip)), servers.ours);
    let text = format!(
        "options {{ directory \"{}\"; listen-on port {} {{ {}; }}; listen-on-v6 {{ none; }}; pid-file none; session-keyfile none; \
         recursion yes; allow-query {{ 127.0.0.0/8; }}; dnssec-validation no; empty-zones-enable no; }};\ncontrols {{ }};\n\
         zone \"{ZONE}\" {{ type forward; forward only; forwarders {{ {} port {}; }}; }};\n",
        servers.path().display(),
        at.port(),
        at.ip(),
        ours.ip(),
        ours.port()
    );
    let mut command = system("named");
    command.arg("-g").arg("-c").arg(servers.file("named.conf", &text));
    start(servers, "BIND", at, command)
}

fn knot(servers: &Servers) -> Resolver {
    let (at, ours) = (fresh_address(), servers.ours);
    let text = format!(
        "net.listen('{}', {}, {{ kind = 'dns' }})\ncache.size = 10*MB\ntrust_anchors.remove('.')\n\
         policy.add(policy.suffix(policy.STUB('{}@{}'), {{todname('{ZONE}')}}))\n",
        at.ip(),
        at.port(),
        ours.ip(),
        ours.port()
    );
    let mut command = system("kresd");
    command.args(["-n", "-q", "-c"]).arg(servers.file("kresd.conf", &text)).arg(servers.path());
    start(servers, "Knot Resolver", at, command)
}

fn powerdns(servers: &Servers) -> Resolver {
    let at = fresh_address();
    let directory = servers.path().display();
    let text = format!(
        "local-address={}\nlocal-port={}\nsocket-dir={directory}\ndaemon=no\ndnssec=off\nforward-zones={ZONE}={}\n\
         qname-minimization=yes\ndont-query=\nwrite-pid=no\nconfig-dir={directory}\n",
        at.ip(),
        at.port(),
        servers.ours
    );
    servers.file("recursor.conf", &text);
    let mut command = system("pdns_recursor");
    command.arg(format!("--config-dir={directory}"));
    start(servers, "PowerDNS Recursor", at, command)
}
