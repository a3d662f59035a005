//! The admin listener on an address that others reach, asked from another host: both are network namespaces that the test makes.
//! curl asks as a stranger does; our own commands know more, as the token of this machine.

use super::inside::{self, Namespace, must};
use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, said};
use crate::common::{eventually, write_secret};
use edgesteer::admin::{new_token, sha256};
use edgesteer::demo::ca::{ThrowawayCa, now_valid};
use std::process::Output;

const HERE: &str = "10.78.0.1";
const THERE: &str = "10.78.0.2";
const ADMIN: &str = "10.78.0.1:9153";

#[test]
#[ignore = "needs root, and the packages that .ci/run installs"]
fn others_reach_the_admin_listener_over_tls_with_a_token() {
    inside::run("admin::inside");
}

/// A server here, and a host there that asks it.
struct World {
    there: Namespace,
    scene: Scene,
    tokens: [String; 2],
    edges: Edges,
}

impl World {
    fn make() -> Self {
        must(&["ip", "link", "set", "lo", "up"]);
        let edges = Edges::start();
        let mut scene = Scene::of(&edges);
        scene.admin = ADMIN.parse().unwrap();
        let there = Namespace::new(scene.path(), &format!("{HERE}/24"), &[format!("{THERE}/24")]);
        let ca = ThrowawayCa::new().unwrap();
        let identity = ca.issue(&[HERE], now_valid()).unwrap();
        std::fs::write(scene.path().join("own.pem"), ca.pem()).unwrap();
        std::fs::write(scene.path().join("admin.pem"), identity.certificate_pem()).unwrap();
        write_secret(&scene.path().join("admin.key"), &identity.key_pem());
        Self { there, scene, tokens: [new_token().unwrap(), new_token().unwrap()], edges }
    }

    /// Writes the configuration, with or without the two things that make it safe.
    fn configure(&self, has_tls: bool, has_tokens: bool) {
        let tls = if has_tls { "admin_tls = { cert = \"admin.pem\", key = \"admin.key\" }\n" } else { "" };
        let server = format!("[server]\nstate_dir = \"state\"\n{tls}");
        let [reader, operator] = self.tokens.each_ref().map(|token| sha256(token));
        let tokens = format!(
            "[token.dashboard]\nrole = \"read\"\nsha256 = \"{reader}\"\n[token.kim]\nrole = \"operate\"\nsha256 = \"{operator}\"\n"
        );
        let text = self.scene.text("", QUICK).replacen("[server]\n", &server, 1);
        self.scene.write(&(text + if has_tokens { &tokens } else { "" }));
    }

    /// What `serve` says of what is written, where it does not start.
    fn refusal(&self) -> String {
        let output = edgesteer().arg("serve").arg("-c").arg(self.scene.config()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        said(&output).1
    }

    /// The status that curl is told there, 0 where it is told none.
    fn curl(&self, path: &str, more: &[&str]) -> u16 {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("https://{ADMIN}{path}") };
        let mut command = self.there.command("curl");
        command.args(["--silent", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{http_code}"]);
        command.arg("--cacert").arg(self.scene.path().join("own.pem")).args(more).arg(url);
        let output = command.output().unwrap_or_else(|error| panic!("curl: {error}; install curl"));
        said(&output).0.trim().parse().unwrap()
    }

    /// Our own command there, which shows that token.
    fn ours(&self, token: &str, arguments: &[&str]) -> Output {
        let mut command = self.there.command(env!("CARGO_BIN_EXE_edgesteer"));
        command.args(arguments).env("EDGESTEER_TOKEN", token).current_dir(self.scene.path()).output().unwrap()
    }
}

#[test]
#[ignore = "is run by others_reach_the_admin_listener_over_tls_with_a_token, in a namespace of its own"]
fn inside() {
    if !inside::is() {
        return;
    }
    let world = World::make();
    for (has_tls, has_tokens, remedy) in [
        (false, true, "add admin_tls = { cert = "),
        (false, false, "add admin_tls = { cert = "),
        (true, false, "add a [token.NAME]"),
    ] {
        world.configure(has_tls, has_tokens);
        let said = world.refusal();
        assert!(said.contains("error[admin-not-loopback]") && said.contains(ADMIN) && said.contains(remedy), "{said}");
    }
    world.configure(true, true);
    let mut server = Server::start(&world.scene);
    server.wait_for_log("answering");
    let [reader, operator] = world.tokens.each_ref().map(|token| format!("Authorization: Bearer {token}"));

    for path in ["/api/v1/status", "/api/v1/config", "/api/v1/holds", "/api/v1/events", "/metrics"] {
        assert_eq!(world.curl(path, &[]), 401, "{path} without a token");
        assert_eq!(
            world.curl(path, &["-H", "Authorization: Bearer es_guess"]),
            401,
            "{path} with one that is nobody's"
        );
    }
    assert_eq!(world.curl("/api/v1/status", &["-H", &reader]), 200);
    assert_eq!(world.curl("/metrics", &["-H", &reader]), 200);
    assert_eq!(world.curl("/healthz", &[]), 200, "supervisors have no token");

    let order = |token: &str| {
        let body = r#"{"state":"drain","reason":"patch night"}"#;
        let json = "Content-Type: application/json";
        world.curl("/api/v1/holds/seoul", &["-X", "PUT", "-H", json, "-H", token, "--data", body])
    };
    assert_eq!([order("X-No: token"), order(&reader), order(&operator)], [401, 403, 200]);

    // Neither by another name, as a page of somebody else's would, nor without TLS, nor from an authority that is not trusted.
    assert_eq!(world.curl("/api/v1/status", &["-H", &reader, "-H", "Host: evil.example"]), 421);
    let plain = format!("http://{ADMIN}/api/v1/status");
    assert!(![200, 401].contains(&world.curl(&plain, &["-H", &reader])));
    let other = world.scene.path().join("ca.pem").display().to_string();
    assert_eq!(world.curl("/api/v1/status", &["-H", &reader, "--cacert", &other]), 0);

    let https = format!("https://{ADMIN}");
    let [reader, operator] = world.tokens.each_ref();
    let output = world.ours(reader, &["status", "--admin", &https, "--ca", "own.pem"]);
    let (out, error) = said(&output);
    assert!(output.status.success() && out.contains("HELD seoul drain"), "{out}{error}");
    let release = ["release", "seoul", "--reason", "done", "--author", "kim", "--ca", "own.pem", "--admin", &https];
    assert!(said(&world.ours(reader, &release)).1.contains("operate"), "a reader gives no orders");
    let (out, error) = said(&world.ours(operator, &release));
    assert!(out.contains("seoul"), "{out}{error}");
    let (_, error) = said(&world.ours(operator, &["status", "--admin", ADMIN]));
    assert!(error.contains("a token is not sent in the clear to another machine"), "{error}");

    let trail = world.scene.path().join("state/audit.log");
    for part in [THERE, "token-needed", "token-unknown", "patch night"] {
        eventually(part, || std::fs::read_to_string(&trail).unwrap().contains(part).then_some(()));
    }
    drop(world.edges);
}
