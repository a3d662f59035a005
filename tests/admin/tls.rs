//! The admin listener over TLS: commands, browsers' terms, certificates of clients, and a renewed certificate.

use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, said};
use crate::common::{eventually, write_secret};
use edgesteer::admin::{local_token, new_token, sha256, token_directory};
use edgesteer::demo::ca::{ThrowawayCa, now_valid};
use edgesteer::handover::Elder;
use rustix::process::Signal;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

/// A server whose admin listener has TLS, with a token; certificates are files beside its configuration.
struct Set {
    scene: Scene,
    server: Server,
    ca: ThrowawayCa,
    token: String,
    _edges: Edges,
}

fn issue(ca: &ThrowawayCa, directory: &Path, stem: &str, names: &[&str]) {
    let identity = ca.issue(names, now_valid()).unwrap();
    std::fs::write(directory.join(format!("{stem}.pem")), identity.certificate_pem()).unwrap();
    write_secret(&directory.join(format!("{stem}.key")), &identity.key_pem());
}

fn set_up(client_ca: &str) -> Set {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let (ca, strangers) = (ThrowawayCa::new().unwrap(), ThrowawayCa::new().unwrap());
    let admin = scene.admin.ip().to_string();
    std::fs::write(scene.path().join("own.pem"), ca.pem()).unwrap();
    std::fs::write(scene.path().join("strangers.pem"), strangers.pem()).unwrap();
    issue(&ca, scene.path(), "admin", &[&admin, "gtm.contoso.com"]);
    issue(&ca, scene.path(), "kim", &["kim"]);
    issue(&strangers, scene.path(), "stranger", &["kim"]);
    let token = new_token().unwrap();
    let tls = format!(
        "[server]\nstate_dir = \"state\"\nadmin_tls = {{ cert = \"admin.pem\", key = \"admin.key\"{client_ca} }}\n"
    );
    let token_table = format!("[token.kim]\nrole = \"operate\"\nsha256 = \"{}\"\n", sha256(&token));
    scene.write(&(scene.text("", QUICK).replace("[server]\n", &tls) + &token_table));
    let mut server = Server::start(&scene);
    server.wait_for_log("answering");
    Set { scene, server, ca, token, _edges: edges }
}

impl Set {
    /// A command with these arguments and this server; file names are of the scene. Returns code and all that was said.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let files =
            ["own.pem", "strangers.pem", "kim.pem", "kim.key", "stranger.pem", "stranger.key", "edgesteer.toml"];
        let mut command = edgesteer();
        for argument in arguments {
            if files.contains(argument) {
                command.arg(self.scene.path().join(argument))
            } else {
                command.arg(argument)
            };
        }
        let output = command.env("EDGESTEER_TOKEN", &self.token).output().unwrap();
        let (out, error) = said(&output);
        (output.status.code().unwrap(), out + &error)
    }

    fn status(&self, more: &[&str]) -> (i32, String) {
        self.run(&[&["status", "--admin", &format!("https://{}", self.scene.admin)], more].concat())
    }

    fn trail(&self) -> String {
        std::fs::read_to_string(self.scene.path().join("state/audit.log")).unwrap()
    }
}

#[test]
fn commands_speak_tls_and_say_what_is_lacking() {
    let set = set_up("");
    let (code, told) = set.status(&["--ca", "own.pem"]);
    assert!(code == 0 && told.contains("service federation"), "{told}");
    let plain = set.scene.admin.to_string();
    let (code, told) = set.run(&["drain", "seoul", "--reason", "patch night", "--admin", &plain, "--ca", "own.pem"]);
    assert!(code == 0 && told.contains("is held drain"), "--ca says https too: {told}");
    for (arguments, expected) in [
        (&["--admin", &plain][..], "say https://"),
        (&["--admin", &format!("https://{plain}")], "--ca FILE"),
        (&["--admin", &plain, "--ca", "strangers.pem"], "--ca FILE"),
        (&["--admin", &plain, "--ca", "kim.key"], "holds no certificate"),
        (&["--admin", &plain, "--cert", "kim.pem"], "--key"),
        (&["--admin", &format!("ftp://{plain}")], "https://HOST:PORT"),
    ] {
        let (code, told) = set.run(&[&["status"], arguments].concat());
        assert!(code != 0 && told.contains(expected), "{arguments:?}: {expected:?} in {told}");
    }
    let (code, told) = set.run(&["healthcheck", "-c", "edgesteer.toml"]);
    assert!(code == 0 && told.contains("ready"), "{told}");
}

#[test]
fn healthcheck_finds_a_server_well_whatever_became_of_the_files_since() {
    let set = set_up("");
    let file = |name: &str| set.scene.path().join(name);
    let is_well = |then: &str| {
        let (code, told) = set.run(&["healthcheck", "-c", "edgesteer.toml"]);
        assert!(code == 0 && told.contains("ready, and DNS is answered"), "{then}: {told}");
    };
    issue(&ThrowawayCa::new().unwrap(), set.scene.path(), "admin", &["gtm.contoso.com"]);
    is_well("renewed, and not taken over yet");
    std::fs::copy(file("kim.key"), file("admin.key")).unwrap();
    is_well("between the two renames of a renewal");
    std::fs::remove_file(file("admin.pem")).unwrap();
    is_well("gone");
    let text = std::fs::read_to_string(file("edgesteer.toml")).unwrap();
    set.scene.write(&text.lines().filter(|line| !line.starts_with("admin_tls")).collect::<Vec<_>>().join("\n"));
    is_well("TLS is to end with the next start");
    assert_eq!(set.run(&["healthcheck", "--admin", &set.scene.admin.to_string()]), (0, "ready\n".to_owned()));
}

#[test]
fn a_clients_certificate_is_a_gate_before_the_token_and_refusals_are_told() {
    let set = set_up(", client_ca = \"own.pem\"");
    let (code, told) = set.status(&["--ca", "own.pem"]);
    assert!(code == 1 && told.contains("needs a certificate") && told.contains("--cert FILE"), "{told}");
    let (code, told) = set.status(&["--ca", "own.pem", "--cert", "stranger.pem", "--key", "stranger.key"]);
    assert!(code == 1 && told.contains("client_ca"), "{told}");
    let (code, told) = set.status(&["--ca", "own.pem", "--cert", "kim.pem", "--key", "kim.key"]);
    assert!(code == 0 && told.contains("service federation"), "{told}");
    let mut command = edgesteer();
    let admin = format!("https://{}", set.scene.admin);
    command.args(["drain", "seoul", "--reason", "x", "--admin", &admin]).current_dir(set.scene.path());
    command.args(["--ca", "own.pem", "--cert", "kim.pem", "--key", "kim.key"]).env("EDGESTEER_TOKEN", "es_guess");
    let (_, error) = said(&command.output().unwrap());
    assert!(error.contains("nobody has that token"), "a certificate gives no orders: {error}");
    let (code, told) = set.run(&["healthcheck", "-c", "edgesteer.toml"]);
    assert!(code == 0, "health is told without: {told}");
    for code in ["certificate-needed", "handshake", "token-unknown"] {
        eventually(code, || set.trail().contains(&format!("\"code\":\"{code}\"")).then_some(()));
    }
}

#[test]
fn a_reload_shows_a_renewed_certificate_and_asks_for_another_authority() {
    let mut set = set_up(", client_ca = \"own.pem\"");
    let kim = ["--cert", "kim.pem", "--key", "kim.key"];
    let renewed = ThrowawayCa::new().unwrap();
    assert_eq!(set.status(&[&["--ca", "own.pem"], &kim[..]].concat()).0, 0);
    issue(&renewed, set.scene.path(), "admin", &[&set.scene.admin.ip().to_string()]);
    std::fs::write(set.scene.path().join("own.pem"), renewed.pem()).unwrap();
    set.server.signal(Signal::HUP);
    set.server.wait_for_log("reload: taken over");
    assert!(set.server.log().contains("[server] admin_tls files changed"), "{}", set.server.log());
    let (code, told) = set.status(&[&["--ca", "own.pem"], &kim[..]].concat());
    assert!(code == 1 && told.contains("client_ca"), "kim's certificate is of the old authority: {told}");
    issue(&renewed, set.scene.path(), "kim", &["kim"]);
    let (code, told) = set.status(&[&["--ca", "own.pem"], &kim[..]].concat());
    assert_eq!(code, 0, "{told}");
    drop(set.ca);
}

#[test]
fn a_reload_that_takes_tls_away_opens_nothing_before_a_restart() {
    let mut set = set_up(", client_ca = \"own.pem\"");
    let kim = ["--cert", "kim.pem", "--key", "kim.key"];
    let with_tls = std::fs::read_to_string(set.scene.config()).unwrap();
    let without: String = with_tls.split_inclusive('\n').filter(|line| !line.starts_with("admin_tls")).collect();
    set.scene.write(&without);
    set.server.signal(Signal::HUP);
    set.server.wait_for_log("reload: taken over");
    let (code, told) = set.status(&["--ca", "own.pem"]);
    assert!(code == 1 && told.contains("needs a certificate"), "{told}");
    let (code, told) = set.status(&[&["--ca", "own.pem"], &kim[..]].concat());
    assert_eq!(code, 0, "{told}");

    // An own authority that is asked for no more is a decision about a listener that is there.
    set.scene.write(&with_tls.replace(", client_ca = \"own.pem\"", ""));
    set.server.signal(Signal::HUP);
    eventually("a token is enough", || (set.status(&["--ca", "own.pem"]).0 == 0).then_some(()));
}

#[test]
fn after_a_hand_over_that_failed_it_opens_what_it_opened_before() {
    let mut set = set_up(", client_ca = \"own.pem\"");
    let kim = ["--cert", "kim.pem", "--key", "kim.key"];
    let local = local_token(set.scene.admin).unwrap();
    let with_tls = std::fs::read_to_string(set.scene.config()).unwrap();
    set.scene.write(&with_tls.split_inclusive('\n').filter(|line| !line.starts_with("admin_tls")).collect::<String>());
    set.server.signal(Signal::HUP);
    set.server.wait_for_log("reload: taken over");

    let elder = Elder::find(set.scene.admin, None).unwrap().unwrap();
    let sockets = elder.take().unwrap();
    let (knowledge, _) = elder.ready().unwrap();
    assert_eq!(knowledge.token, local);
    // The next process writes it in the same place, and takes it with it where it ends in order.
    let file = format!("admin-{}.token", set.scene.admin.to_string().replace(':', "_"));
    std::fs::remove_file(token_directory().unwrap().join(file)).unwrap();
    drop((elder, sockets));
    set.server.wait_for_log("another process was to take over, and did not");

    let mut plain = TcpStream::connect(set.scene.admin).unwrap();
    write!(plain, "GET /api/v1/status HTTP/1.1\r\nHost: {}\r\n\r\n", set.scene.admin).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1"), "nothing is told in the clear");
    let (code, told) = set.status(&["--ca", "own.pem"]);
    assert!(code == 1 && told.contains("needs a certificate"), "{told}");
    let (code, told) = set.status(&[&["--ca", "own.pem"], &kim[..]].concat());
    assert_eq!(code, 0, "{told}");
    assert_eq!(local_token(set.scene.admin), Some(local));
}

#[test]
fn a_reload_that_brings_tls_locks_nobody_out_before_a_restart() {
    let set = set_up("");
    drop(set.server);
    let with_tls = std::fs::read_to_string(set.scene.config()).unwrap();
    let plain: String = with_tls.split_inclusive('\n').filter(|line| !line.starts_with("admin_tls")).collect();
    set.scene.write(&plain);
    let mut server = Server::ready(&set.scene);
    set.scene.write(&with_tls.replace("key = \"admin.key\"", "key = \"admin.key\", client_ca = \"own.pem\""));
    server.signal(Signal::HUP);
    server.wait_for_log("reload: taken over");
    assert_eq!(server.status("/api/v1/status"), Some(200), "this machine's token is good, as before");
}

#[test]
fn who_speaks_no_tls_or_says_nothing_holds_up_nobody() {
    let set = set_up("");
    let silent: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(set.scene.admin).unwrap()).collect();
    let mut plain = TcpStream::connect(set.scene.admin).unwrap();
    let asked = format!("GET /api/v1/status HTTP/1.1\r\nHost: {}\r\n\r\n", set.scene.admin);
    plain.write_all(asked.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1 200"), "nothing is told in the clear");
    assert_eq!(set.status(&["--ca", "own.pem"]).0, 0);
    eventually("it is told", || set.trail().contains("\"code\":\"handshake\"").then_some(()));
    drop(silent);
}

#[test]
fn beyond_loopback_it_wants_tls_and_a_token() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let ca = ThrowawayCa::new().unwrap();
    issue(&ca, scene.path(), "admin", &["gtm.contoso.com"]);
    let check = |tls: bool, token: bool| {
        let admin = format!("admin = \"{}\"", scene.admin);
        let tls = if tls { "\nadmin_tls = { cert = \"admin.pem\", key = \"admin.key\" }" } else { "" };
        let hash = sha256("es_of_a_test");
        let token = if token { format!("[token.kim]\nrole = \"read\"\nsha256 = \"{hash}\"\n") } else { String::new() };
        let open = format!("admin = \"192.0.2.1:9153\"{tls}");
        scene.write(&(scene.text("", QUICK).replace(&admin, &open) + &token));
        let output = edgesteer().arg("check").arg("-c").arg(scene.config()).output().unwrap();
        let (out, error) = said(&output);
        (output.status.code().unwrap(), out + &error)
    };
    for (tls, token, code, expected) in [
        (false, false, 2, "admin_tls = {"),
        (false, true, 2, "admin_tls = {"),
        (true, false, 2, "edgesteer token new NAME"),
        (true, true, 0, "1 service"),
    ] {
        let (got, told) = check(tls, token);
        assert!(got == code && told.contains(expected), "{tls} {token}: {told}");
    }
}
