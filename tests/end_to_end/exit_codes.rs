//! What each command returns, and what it says to do next: with no server, with something else there, with a wrong token, a wrong
//! pool and a wrong address.

use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, said};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};

/// Commands that ask a running server.
const ASKING: [&[&str]; 9] = [
    &["status"],
    &["watch"],
    &["hold", "seoul", "down", "--reason", "x"],
    &["drain", "seoul", "--reason", "x"],
    &["release", "seoul", "--reason", "x"],
    &["explain", "sip.contoso.com", "A"],
    &["explain", "sip.contoso.com", "A", "--json"],
    &["audit", "tail"],
    &["drill", "seoul", "--for", "1m", "--reason", "x"],
];

/// Code, standard output and standard error.
fn run(arguments: &[&str], token: Option<&str>) -> (i32, String, String) {
    let mut command = edgesteer();
    command.args(arguments).env_remove("EDGESTEER_TOKEN").envs(token.map(|token| ("EDGESTEER_TOKEN", token)));
    let output = command.output().unwrap();
    let (out, error) = said(&output);
    (output.status.code().unwrap(), out, error)
}

/// Fails with 1, nothing on standard output, an error and what to do next.
fn fails(arguments: &[&str], token: Option<&str>, parts: &[&str]) {
    let (code, out, error) = run(arguments, token);
    assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {error}");
    assert!(error.starts_with("error: ") && error.contains("\nhelp: "), "{arguments:?}: {error}");
    for part in parts {
        assert!(error.contains(part), "{arguments:?}: {part:?} in {error}");
    }
}

/// Something that takes connections and answers them all the same way.
fn other(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn without_a_server_or_with_another_there_each_command_says_what_to_do() {
    let strangers =
        ["HTTP/1.0 404 Not Found\r\n\r\nno", "HTTP/1.0 200 OK\r\n\r\n<html>", "220 mail.contoso.com ESMTP\r\n", ""]
            .map(other);
    for arguments in ASKING {
        let at = |address: &'static str| [arguments, &["--admin", address]].concat();
        fails(&at("127.0.0.1:1"), None, &["no server answers on 127.0.0.1:1", "edgesteer serve", "--admin"]);
        fails(&at("no-such-host.invalid:1"), None, &["no server answers on no-such-host.invalid:1"]);
        for stranger in &strangers {
            let stranger = stranger.to_string();
            fails(&[arguments, &["--admin", &stranger]].concat(), None, &["--admin"]);
        }
        fails(&at("nowhere.invalid"), None, &["no server answers on nowhere.invalid:9153"]);
        let (code, _, error) = run(&at("a b"), None);
        assert!(code == 2 && error.contains("https://HOST:PORT"), "{error}");
    }
}

#[test]
fn refused_by_a_server_each_command_says_what_to_do() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let hash = edgesteer::admin::sha256("es_look");
    scene.write(&(scene.text("", QUICK) + &format!("[token.looker]\nrole = \"read\"\nsha256 = \"{hash}\"\n")));
    let _server = Server::ready(&scene);
    let admin = scene.admin.to_string();
    let at = |arguments: &[&'static str]| {
        [arguments, &["--admin", &admin]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for arguments in ASKING {
        let arguments = at(arguments);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        fails(&arguments, Some("es_guess"), &["nobody has that token", "--token-file", "EDGESTEER_TOKEN"]);
        let missing = [&arguments[..], &["--token-file", "/nowhere/token"]].concat();
        fails(&missing, None, &["--token-file /nowhere/token"]);
    }
    for order in &ASKING[2..5] {
        let order = at(order);
        let order: Vec<&str> = order.iter().map(String::as_str).collect();
        fails(&order, Some("es_look"), &["give no orders", "role \"operate\""]);
        let unknown: Vec<&str> = order.iter().map(|word| if *word == "seoul" { "busan" } else { word }).collect();
        fails(&unknown, None, &["there is no pool \"busan\"", "/api/v1/pools"]);
    }
    let long = at(&["hold", "seoul", "down", "--reason", "x", "--for", "2 fortnights"]);
    fails(&long.iter().map(String::as_str).collect::<Vec<_>>(), None, &["2h"]);
    let long = at(&["hold", "seoul/192.0.2.99", "down", "--reason", "x"]);
    fails(&long.iter().map(String::as_str).collect::<Vec<_>>(), None, &["192.0.2.99"]);
}

#[test]
fn commands_on_files_say_what_is_wrong_with_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("bad.toml"), "colour = \"blue\"").unwrap();
    std::fs::write(path("audit.log"), "nonsense\n").unwrap();
    let table: [(&[&str], i32, &str); 12] = [
        (&["serve", "-c", "/nowhere.toml"], 2, "/nowhere.toml"),
        (&["serve", "-c", &path("bad.toml")], 2, "unknown key"),
        (&["check", "-c", &path("bad.toml")], 2, "unknown key"),
        (&["explain", "-c", &path("bad.toml"), "a.b", "A"], 2, "unknown key"),
        (&["runbook", "-c", &path("bad.toml"), "--lost", "seoul"], 2, "unknown key"),
        (&["audit", "verify", "/nowhere"], 1, "/nowhere"),
        (&["audit", "verify", &path("")], 1, "no line of an audit trail"),
        (&["audit"], 2, "Usage"),
        (&["man", "/proc/nowhere"], 1, "a directory that you may write to"),
        (&["completions", "tcl"], 2, "possible values"),
        (&["hold", "seoul", "sideways", "--reason", "x"], 2, "possible values"),
        (&["drain", "seoul"], 2, "--reason"),
    ];
    for (arguments, code, part) in table {
        let (got, out, error) = run(arguments, None);
        assert!(got == code && error.contains(part) && out.is_empty(), "{arguments:?}: {got} {out}{error}");
    }
}

#[test]
fn the_help_and_the_man_page_of_every_command_say_its_codes() {
    let (code, man) = (0, tempfile::tempdir().unwrap());
    assert_eq!(run(&["man", man.path().to_str().unwrap()], None).0, code);
    for command in
        ["serve", "check", "explain", "hold", "status", "watch", "audit tail", "token local", "runbook", "demo"]
    {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let (code, help, _) = run(&words, None);
        assert!(code == 0 && help.contains("Exit codes:") && help.contains("  2  wrong usage"), "{command}: {help}");
        let page = man.path().join(format!("edgesteer-{}.1", command.replace(' ', "-")));
        assert!(std::fs::read_to_string(&page).unwrap().contains("Exit codes:"), "{}", page.display());
    }
}
