//! What a limit of memory does not allow is refused before the system does it its way.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use rustix::process::{Resource, Rlimit, Signal, prlimit};
use std::fs;

const SUCCESS: &str = "edgesteer_config_last_reload_success";
/// More than a server takes for anything but a reload, and less than the built-in country database costs.
const LITTLE: u64 = 6 << 20;

/// Octets of address space that a process has.
fn address_space(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid().as_raw_nonzero())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    size.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

fn allow(server: &Server, octets: Option<u64>) {
    let limit = Rlimit { current: octets, maximum: None };
    prlimit(Some(server.pid()), Resource::As, limit).unwrap();
}

#[test]
fn a_reload_that_memory_does_not_allow_is_refused_and_a_later_one_is_taken_over() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let text = scene.text("", QUICK);
    scene.write(&text);
    let mut server = Server::ready(&scene);
    let ttl = || look_up(scene.listen, "sip.contoso.com", T::A).answers[0].ttl;
    let expected = || server.metric("edgesteer_memory_reload_bytes").filter(|&octets| octets > LITTLE as f64);
    eventually("it is told what a reload needs", expected);
    server.wait_for_log("memory has=");

    scene.write(&text.replace("ttl = \"1s\"", "ttl = \"7s\""));
    allow(&server, Some(address_space(&server) + LITTLE));
    server.signal(Signal::HUP);
    eventually("the reload is refused", || (server.metric(SUCCESS) == Some(0.0)).then_some(()));
    assert_eq!(ttl(), 1);
    server.wait_for_log("of address space at its peak, and the limit is");
    server.wait_for_log("(ulimit -v). Raise the limit, or restart");

    allow(&server, None);
    server.signal(Signal::HUP);
    eventually("the reload is taken over", || (server.metric(SUCCESS) == Some(1.0)).then_some(()));
    assert_eq!(ttl(), 7);
}
