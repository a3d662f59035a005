//! `edgesteer healthcheck`, as a container runs it.

use crate::common::edges::Edges;
use crate::common::fresh_address;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, run, said};
use edgesteer::demo::edge::Mode;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Exit code and everything that was said.
fn check(arguments: &[&str]) -> (i32, String) {
    let output = run(&[&["healthcheck"], arguments].concat());
    let (out, error) = said(&output);
    (output.status.code().unwrap(), out + &error)
}

#[test]
fn a_server_that_answers_is_well_though_its_file_was_damaged() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let good = scene.text("", QUICK);
    scene.write(&good);
    let (config, admin) = (scene.config(), scene.admin.to_string());
    let by_file = || check(&["-c", config.to_str().unwrap()]);
    let (code, told) = by_file();
    assert_eq!(code, 1, "{told}");
    assert!(told.contains(&format!("no server answers on {admin}")), "{told}");

    let _server = Server::ready(&scene);
    let answered = (0, format!("ready, and DNS is answered on {}\n", scene.listen));
    assert_eq!(by_file(), answered);
    assert_eq!(check(&["--admin", &admin]), (0, "ready\n".to_owned()));

    // Other sections do not matter, whether they are wrong or no TOML at all.
    for damaged in [good.replace("ttl = \"1s\"", "colour = 3"), good.replace("[service.federation]", "[service.")] {
        scene.write(&damaged);
        assert_eq!(by_file(), answered, "{damaged}");
    }

    // TLS that is to begin with the next start.
    let tls = "[server]\nadmin_tls = { cert = \"no.pem\", key = \"no.key\" }";
    scene.write(&good.replacen("[server]", tls, 1));
    assert_eq!(by_file(), answered);

    // DNS itself is asked, whatever the admin listener says.
    scene.write(&good.replace(&scene.listen.to_string(), &fresh_address().to_string()));
    let (code, told) = by_file();
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("says that it is ready, but DNS is not answered on"), "{told}");
}

#[test]
fn one_that_is_not_ready_yet_is_not_well() {
    let mut edges = Edges::start();
    edges.set("dublin", Mode::Silent);
    let scene = Scene::of(&edges);
    let patient = r#"interval = "200ms", confirm = "50ms", timeout = "60s""#;
    scene.write(&scene.text("", patient).replace("startup_grace = \"30s\"", "startup_grace = \"300s\""));
    let mut server = Server::start(&scene);
    crate::common::eventually("readyz answers", || server.status("/readyz"));
    let admin = scene.admin.to_string();
    let (code, told) = check(&["--admin", &admin]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains(&format!("{admin} says: not ready")), "{told}");
    edges.set("dublin", Mode::Serving);
    server.wait_ready();
    assert_eq!(check(&["--admin", &admin]).0, 0);
}

#[test]
fn whoever_answers_is_shown_no_token() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = listener.local_addr().unwrap().to_string();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let length = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nready\n").unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let output = edgesteer().args(["healthcheck", "--admin", &admin]).env("EDGESTEER_TOKEN", "es_secret").output();
    assert!(output.unwrap().status.success());
    let heard = heard.join().unwrap();
    assert!(heard.starts_with("GET /readyz ") && !heard.contains("es_secret"), "{heard}");
}

#[test]
fn wrong_usage_is_told_so() {
    let (code, told) = check(&["-c", "/nowhere/edgesteer.toml"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("/nowhere/edgesteer.toml"), "{told}");
    assert_eq!(check(&["-c", "a.toml", "--admin", "127.0.0.1:1"]).0, 2);
}
