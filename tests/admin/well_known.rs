//! `/.well-known/matrix/server`, at a listener of its own.

use crate::common::eventually;
use crate::common::fresh_address;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::http::ask;
use rustix::process::Signal;
use serde_json::json;
use std::net::SocketAddr;

const PATH: &str = "GET /.well-known/matrix/server";

/// A server that tells strangers of the Matrix service of these domains.
fn set_up(scene: &Scene, listen: SocketAddr, domains: &str) -> String {
    let text = scene.text("", QUICK).replace("[server]", &format!("[server]\nwell_known = [\"{listen}\"]"));
    text + &format!(
        "[service.matrix]\nkind = \"matrix\"\ndomains = [{domains}]\npools = [\"seoul\", \"dublin\"]\nttl = \"45s\"\n\
         check = {{ kind = \"tcp\", port = 8448, {QUICK}, fall = 1 }}\n"
    )
}

#[test]
fn a_domain_with_a_homeserver_is_told_its_name_and_nobody_anything_else() {
    let (scene, listen) = (Scene::deserted(edgesteer::demo::ca::ThrowawayCa::new().unwrap().pem()), fresh_address());
    scene.write(&set_up(&scene, listen, "\"contoso.com\""));
    let server = Server::ready(&scene);
    for host in ["contoso.com", "CONTOSO.com:443", "contoso.com."] {
        let told = ask(listen, PATH, &[("Host", host)], "");
        assert_eq!((told.status, told.json()), (200, json!({"m.server": "matrix.contoso.com"})), "{host}");
        for field in
            ["content-type: application/json", "cache-control: public, max-age=45", "access-control-allow-origin: *"]
        {
            assert!(told.head.contains(field), "{told:?}");
        }
    }
    for (request, host, status) in [
        (PATH, "fabrikam.example", 404),
        (PATH, "sip.contoso.com", 404),
        (PATH, "b.contoso.com", 404),
        (PATH, "127.0.0.1", 404),
        ("GET /.well-known/matrix/client", "contoso.com", 404),
        ("GET /metrics", "contoso.com", 404),
        ("GET /api/v1/status", "contoso.com", 404),
        ("GET /", "contoso.com", 404),
        ("POST /.well-known/matrix/server", "contoso.com", 405),
        ("PUT /api/v1/holds/seoul", "contoso.com", 404),
    ] {
        let refused = ask(listen, request, &[("Host", host)], "");
        assert_eq!((refused.status, refused.body.as_str()), (status, ""), "{request} {host}");
    }
    let here = ask(scene.admin, PATH, &[], "");
    assert_eq!(here.status, 404, "operators have another listener");

    // A reload is true here as it is in DNS.
    scene.write(&set_up(&scene, listen, "\"contoso.com\", \"b.contoso.com\""));
    server.signal(Signal::HUP);
    eventually("the new domain is told", || {
        (ask(listen, PATH, &[("Host", "b.contoso.com")], "").status == 200).then_some(())
    });
}

#[test]
fn a_socket_that_cannot_be_had_is_an_error_that_names_the_key() {
    let (scene, listen) = (Scene::deserted(edgesteer::demo::ca::ThrowawayCa::new().unwrap().pem()), fresh_address());
    let _taken = std::net::TcpListener::bind(listen).unwrap();
    scene.write(&set_up(&scene, listen, "\"contoso.com\""));
    let mut server = Server::start(&scene);
    assert!(!server.wait().success());
    assert!(server.log().contains("set `well_known` under [server]"), "{}", server.log());
}

#[test]
fn the_next_process_is_given_the_socket_and_another_server_is_not() {
    let ca = edgesteer::demo::ca::ThrowawayCa::new().unwrap();
    let (scene, other, listen) = (Scene::deserted(ca.pem()), Scene::deserted(ca.pem()), fresh_address());
    for scene in [&scene, &other] {
        scene.write(&set_up(scene, listen, "\"contoso.com\""));
    }
    let mut server = Server::ready(&scene);
    let mut stranger = Server::start(&other);
    assert!(!stranger.wait().success());
    let taken = format!("cannot listen on {listen} (well-known)");
    assert!(stranger.log().contains(&taken), "{}", stranger.log());

    let mut next = Server::replacing(&scene, "next.log");
    next.wait_ready();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    assert_eq!(ask(listen, PATH, &[("Host", "contoso.com")], "").status, 200);
}
