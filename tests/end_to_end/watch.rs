//! `watch = "on"`: files that are written to, renamed over and swapped by a link are taken over, and nobody's question is lost.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::load::Load;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A configuration that is watched, with a zone file of its own.
fn watched(scene: &Scene) -> String {
    let own = "[zone.\"static.example\"]\nns = { \"ns.elsewhere.example\" = [] }\nrecords = \"static.zone\"\n";
    scene.text("", QUICK).replacen("[server]", "[server]\nwatch = \"on\"", 1) + own
}

fn zone(directory: &Path, web: &str) {
    fs::write(directory.join("static.zone"), format!("web 60 A {web}\n")).unwrap();
}

fn becomes(scene: &Scene, name: &str, data: &str) {
    eventually(&format!("{name} is {data}"), || {
        (look_up(scene.listen, name, T::A).answers[0].data.to_string() == data).then_some(())
    });
}

fn ttl_becomes(scene: &Scene, ttl: u32) {
    eventually(&format!("the TTL is {ttl}"), || {
        (look_up(scene.listen, "sip.contoso.com", T::A).answers[0].ttl == ttl).then_some(())
    });
}

#[test]
fn files_that_are_written_to_or_renamed_over_are_taken_over_under_load() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = watched(&scene);
    zone(scene.path(), "192.0.2.1");
    scene.write(&good);
    let mut server = Server::ready(&scene);
    let load = Load::start(scene.listen, "sip.contoso.com", 2, 1);

    zone(scene.path(), "192.0.2.2");
    becomes(&scene, "web.static.example", "192.0.2.2");

    let new = scene.path().join("edgesteer.new");
    fs::write(&new, good.replace("ttl = \"1s\"", "ttl = \"7s\"")).unwrap();
    fs::rename(&new, scene.config()).unwrap();
    ttl_becomes(&scene, 7);

    scene.write(&good.replace("ttl = \"1s\"", "colour = \"blue\""));
    server.wait_for_log("reload: refused");
    scene.write(&good.replace("ttl = \"1s\"", "ttl = \"9s\""));
    ttl_becomes(&scene, 9);
    assert_eq!(server.log().matches("reload: refused").count(), 1, "a bad file is told once: {}", server.log());

    scene.write(&good.replace("watch = \"on\"", "watch = \"off\"").replace("ttl = \"1s\"", "ttl = \"11s\""));
    ttl_becomes(&scene, 11);
    zone(scene.path(), "192.0.2.3");
    server.wait_for_log("[server] watch changed");
    let asked = load.end();
    assert_eq!(asked.lost, 0, "{asked:?}");
    assert!(asked.answered > 100, "{asked:?}");
}

#[test]
fn a_configuration_that_kubernetes_mounts_is_taken_over_when_its_link_is_swapped() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = watched(&scene);
    // As kubelet does: the files are links through `..data`, which is renamed over.
    let publish = |generation: u32, ttl: u32, web: &str| {
        let directory = scene.path().join(format!("..{generation}"));
        fs::create_dir(&directory).unwrap();
        zone(&directory, web);
        fs::copy(scene.path().join("ca.pem"), directory.join("ca.pem")).unwrap();
        fs::write(directory.join("edgesteer.toml"), good.replace("ttl = \"1s\"", &format!("ttl = \"{ttl}s\"")))
            .unwrap();
        symlink(&directory, scene.path().join("..data_tmp")).unwrap();
        fs::rename(scene.path().join("..data_tmp"), scene.path().join("..data")).unwrap();
    };
    publish(1, 1, "192.0.2.1");
    for name in ["edgesteer.toml", "static.zone"] {
        symlink(Path::new("..data").join(name), scene.path().join(name)).unwrap();
    }
    let _server = Server::ready(&scene);
    becomes(&scene, "web.static.example", "192.0.2.1");
    publish(2, 7, "192.0.2.2");
    ttl_becomes(&scene, 7);
    becomes(&scene, "web.static.example", "192.0.2.2");
    // What the old link led to goes afterwards.
    fs::remove_dir_all(scene.path().join("..1")).unwrap();
    publish(3, 9, "192.0.2.3");
    ttl_becomes(&scene, 9);
}
