//! Views: other addresses for clients inside.

use super::Client;
use super::common::dns::{RecordType as T, addresses, from_subnet, question};
use super::common::fresh_ip;
use super::common::scene::{QUICK, Scene};
use super::common::server::{Server, get, run, said};
use edgesteer::demo::ca::ThrowawayCa;
use std::collections::BTreeSet;
use std::net::IpAddr;

const SRV: &str = "_sipfederationtls._tcp.contoso.com";

/// A scene whose pools have addresses inside, which `inside` is told.
fn scene(inside: IpAddr) -> Scene {
    let scene = Scene::deserted(ThrowawayCa::new().unwrap().pem());
    let mut text = scene.text("", &format!("{QUICK}, fall = 1"));
    for (pool, hidden) in [(scene.seoul, "192.168.1.1"), (scene.dublin, "192.168.2.1")] {
        let given = format!("endpoints = [\"{pool}\"]");
        let roles = format!("endpoints = {{ access = [\"{pool}\"], internal = [\"{hidden}\"] }}");
        assert!(text.contains(&given));
        text = text.replace(&given, &roles);
    }
    text += &format!(
        "[view.inside]\nprefixes = [\"{inside}/32\"]\n[service.federation.view.inside]\nrole = \"internal\"\n"
    );
    scene.write(&text);
    scene
}

#[test]
fn who_asks_from_inside_is_told_inside_addresses_and_nobody_else_is() {
    let (inside, outside) = (fresh_ip(), fresh_ip());
    let scene = scene(inside);
    let server = Server::ready(&scene);
    let [inside, outside] = [inside, outside].map(|ip| Client { ip, server: scene.listen });
    let hidden: BTreeSet<IpAddr> = ["192.168.1.1", "192.168.2.1"].map(|ip| ip.parse().unwrap()).into();
    let shown = BTreeSet::from([scene.seoul, scene.dublin]);
    for (name, kind) in [(SRV, T::SRV), ("sip.contoso.com", T::A)] {
        // No pool is alive, so every one is told.
        assert_eq!(addresses(&inside.ask(name, kind)), hidden, "{name}");
        assert_eq!(addresses(&outside.ask(name, kind)), shown, "{name}");
        let forged = from_subnet(question(name, kind), &format!("{}/32", inside.ip));
        assert_eq!(
            (addresses(&outside.udp(&forged)), addresses(&outside.tcp(&forged))),
            (shown.clone(), shown.clone())
        );
    }
    assert_eq!(
        addresses(&inside.ask("access-seoul.contoso.com", T::A)),
        BTreeSet::from(["192.168.1.1".parse().unwrap()])
    );
    assert_eq!(addresses(&outside.ask("access-seoul.contoso.com", T::A)), BTreeSet::from([scene.seoul]));
    let (_, metrics) = get(scene.admin, "/metrics").unwrap();
    assert!(
        metrics.contains("service=\"federation@inside\"") && metrics.contains("service=\"federation\""),
        "{metrics}"
    );
    drop(server);
}

#[test]
fn explanations_name_the_view() {
    let inside = fresh_ip();
    let scene = scene(inside);
    let explain = |more: &[&str]| {
        let config = scene.config();
        let output = run(&[&["explain", "-c", config.to_str().unwrap(), "sip.contoso.com", "A"], more].concat());
        said(&output)
    };
    let (out, error) = explain(&["--client", &inside.to_string(), "--subnet", "168.126.63.1"]);
    assert!(
        out.contains("View inside") && out.contains("Service federation@inside") && out.contains("192.168.1.1"),
        "{out}{error}"
    );
    let (out, error) = explain(&["--client", "192.0.2.1", "--subnet", &inside.to_string()]);
    assert!(!out.contains("View") && out.contains("Service federation:"), "{out}{error}");
}
