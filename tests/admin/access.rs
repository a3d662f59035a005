//! Who is let in: every role at every door over real sockets, pages of others, floods, and what the audit trail says of it.

use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::process::Process;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, run, said};
use crate::http::{Answer, ask};
use edgesteer::admin::{local_token, new_token, sha256};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt as _;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const DRAIN: &str = r#"{"state":"drain","reason":"patch night"}"#;
/// Everything that is told by GET.
const TOLD: &[&str] = &[
    "/metrics",
    "/api/v1/status",
    "/api/v1/explain?name=sip.contoso.com&type=A",
    "/api/v1/services",
    "/api/v1/services/federation",
    "/api/v1/services/federation/domains",
    "/api/v1/pools",
    "/api/v1/endpoints",
    "/api/v1/regions",
    "/api/v1/events/recent",
    "/api/v1/holds",
    "/api/v1/runbooks/seoul",
    "/api/v1/audit",
    "/api/v1/config",
];

struct Set {
    scene: Scene,
    server: Server,
    looker: String,
    kim: String,
    _edges: Edges,
}

/// A server with these tables more; `{looker}` and `{kim}` stand for hashes.
fn set_up(tokens: bool) -> Set {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let [looker, kim] = [(); 2].map(|()| new_token().unwrap());
    let tables = format!(
        "[token.looker]\nrole = \"read\"\nsha256 = \"{}\"\n[token.kim]\nrole = \"operate\"\nsha256 = \"{}\"\n",
        sha256(&looker),
        sha256(&kim)
    );
    let text = scene.text("", QUICK).replace("[server]\n", "[server]\nstate_dir = \"state\"\n");
    scene.write(&(text + if tokens { &tables } else { "" }));
    let server = Server::ready(&scene);
    Set { scene, server, looker, kim, _edges: edges }
}

impl Set {
    fn ask(&self, request: &str, token: Option<&str>, body: &str) -> Answer {
        let field = token.map(|token| format!("Bearer {token}"));
        let mut fields = vec![JSON];
        fields.extend(field.as_deref().map(|field| ("Authorization", field)));
        ask(self.scene.admin, request, &fields, body)
    }

    fn trail(&self) -> String {
        std::fs::read_to_string(self.scene.path().join("state/audit.log")).unwrap()
    }
}

#[test]
fn with_tokens_nothing_is_told_or_done_without_one() {
    let set = set_up(true);
    let local = local_token(set.scene.admin).unwrap();
    for path in TOLD {
        let request = format!("GET {path}");
        for (token, expected) in [
            (None, 401),
            (Some("es_guess"), 401),
            (Some(&*set.looker), 200),
            (Some(&*set.kim), 200),
            (Some(&*local), 200),
        ] {
            let answer = set.ask(&request, token, "");
            assert_eq!(answer.status, expected, "{path} {token:?}: {answer:?}");
        }
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(set.ask(&format!("GET {path}"), None, "").status, 200, "{path}");
    }
    let stranger = set.ask("GET /api/v1/events", None, "");
    assert_eq!(stranger.status, 401);
    assert!(stranger.head.contains("www-authenticate: bearer"), "{stranger:?}");
    for subject in ["seoul", &format!("dublin/{}", set.scene.dublin)] {
        for (method, body) in [("PUT", DRAIN), ("DELETE", r#"{"reason":"done"}"#)] {
            let request = format!("{method} /api/v1/holds/{subject}");
            for (token, expected) in
                [(None, 401), (Some("es_guess"), 401), (Some(&*set.looker), 403), (Some(&*set.kim), 200)]
            {
                let answer = set.ask(&request, token, body);
                assert_eq!(answer.status, expected, "{request} {token:?}: {answer:?}");
            }
        }
    }
    let trail = eventually("refusals are told", || Some(set.trail()).filter(|t| t.contains("token-reads-only")));
    assert!(trail.contains(r#""what":"admin-refused""#) && trail.contains("token-unknown"), "{trail}");
    assert!(trail.contains(r#""author":"kim""#), "{trail}");
    assert!(
        !trail.contains(&set.kim) && !set.server.log().contains(&set.kim) && !trail.contains("es_guess"),
        "no token is told"
    );
}

#[test]
fn without_tokens_reading_is_free_and_orders_need_this_machines() {
    let set = set_up(false);
    for path in TOLD {
        assert_eq!(set.ask(&format!("GET {path}"), None, "").status, 200, "{path}");
    }
    assert_eq!(set.ask("PUT /api/v1/holds/seoul", None, DRAIN).status, 401);
    assert_eq!(set.ask("PUT /api/v1/holds/seoul", Some(&set.kim), DRAIN).status, 401, "nobody knows it");
    assert_eq!(set.ask("PUT /api/v1/holds/seoul", local_token(set.scene.admin).as_deref(), DRAIN).status, 200);
    let log = set.server.log();
    let file = log.split("file=").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    let file = file.to_owned();
    let Set { mut server, .. } = set;
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    assert!(!std::path::Path::new(&file).exists(), "{file} is left behind");
}

#[test]
fn a_reload_takes_over_tokens_and_forgets_others() {
    let mut set = set_up(true);
    assert_eq!(set.ask("GET /api/v1/status", Some(&set.looker), "").status, 200);
    let text = std::fs::read_to_string(set.scene.config()).unwrap();
    let next = new_token().unwrap();
    set.scene.write(&text.replace(&sha256(&set.looker), &sha256(&next)));
    set.server.signal(Signal::HUP);
    set.server.wait_for_log("reload: taken over");
    assert!(set.server.log().contains("token looker: secret changed"));
    eventually("the new token is good", || {
        (set.ask("GET /api/v1/status", Some(&next), "").status == 200).then_some(())
    });
    assert_eq!(set.ask("GET /api/v1/status", Some(&set.looker), "").status, 401);
}

#[test]
fn pages_of_others_and_strange_hosts_are_refused_whatever_they_show() {
    let set = set_up(false);
    let token = format!("Bearer {}", local_token(set.scene.admin).unwrap());
    let own = format!("http://{}", set.scene.admin);
    for (field, value, expected) in [
        ("Origin", own.as_str(), 200),
        ("Origin", "http://evil.example", 403),
        ("Origin", "null", 403),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Host", "evil.example", 421),
        ("Host", "evil.example:9153", 421),
        ("Content-Type", "text/plain", 415),
        ("Content-Type", "application/x-www-form-urlencoded", 415),
    ] {
        let mut fields = vec![("Authorization", token.as_str()), (field, value)];
        if field != "Content-Type" {
            fields.push(JSON);
        }
        let answer = ask(set.scene.admin, "PUT /api/v1/holds/seoul", &fields, DRAIN);
        assert_eq!(answer.status, expected, "{field}: {value}: {answer:?}");
    }
    let answer = ask(set.scene.admin, "GET /api/v1/status", &[("Host", "evil.example")], "");
    assert_eq!(answer.status, 421, "DNS rebinding reads nothing: {answer:?}");
    eventually("it is told", || set.trail().contains("wrong-host").then_some(()));
}

#[test]
fn large_bodies_and_floods_are_refused_and_told_within_a_bound() {
    let set = set_up(false);
    let large = format!(r#"{{"state":"down","reason":"{}"}}"#, "x".repeat(20_000));
    let token = local_token(set.scene.admin).unwrap();
    let answer = set.ask("PUT /api/v1/holds/seoul", Some(&token), &large);
    assert_eq!((answer.status, &answer.json()["code"]), (413, &"bad-body".into()));
    let flood: Vec<u16> = (0..4000).map(|_| set.ask("PUT /api/v1/holds/seoul", None, DRAIN).status).collect();
    let count = |status| flood.iter().filter(|got| **got == status).count();
    assert!(count(401) >= 1000 && count(401) + count(429) == 4000, "{} {}", count(401), count(429));
    let told = set.trail().matches("admin-refused").count();
    assert!((1..=120).contains(&told), "{told} lines of 4000");
}

#[test]
fn commands_show_their_token_and_say_what_to_do_without_a_good_one() {
    let set = set_up(true);
    let admin = set.scene.admin.to_string();
    let order = ["drain", "seoul", "--reason", "patch night", "--admin", &admin];
    let with = |token: &str| edgesteer().args(order).env("EDGESTEER_TOKEN", token).output().unwrap();
    let (_, error) = said(&with("es_guess"));
    assert!(error.contains("nobody has that token") && error.contains("--token-file"), "{error}");
    let (_, error) = said(&with(&set.looker));
    assert!(error.contains("gives no orders") || error.contains("give no orders"), "{error}");
    assert!(with(&set.kim).status.success());
    let file = set.scene.path().join("kim.token");
    std::fs::write(&file, format!("{}\n", set.kim)).unwrap();
    let file = file.to_str().unwrap();
    assert!(run(&["release", "seoul", "--reason", "done", "--admin", &admin, "--token-file", file]).status.success());
    assert!(run(&["status", "--admin", &admin]).status.success(), "this machine's own token");
    let local = said(&run(&["token", "local", "--admin", &admin])).0;
    assert_eq!(Some(local.trim()), local_token(set.scene.admin).as_deref());
}

#[test]
fn a_made_token_is_shown_once_with_lines_that_a_server_takes() {
    let (out, _) = said(&run(&["token", "new", "lee", "--role", "operate"]));
    let (token, lines) = out.split_once('\n').unwrap();
    assert!(lines.contains("[token.lee]") && lines.contains(&sha256(token)) && !lines.contains(token), "{out}");
    let (other, _) = said(&run(&["token", "new", "lee"]));
    assert_ne!(other.lines().next(), Some(token));
    assert_eq!(run(&["token", "new", "local"]).status.code(), Some(2));
}

#[test]
fn watch_prints_what_happens_line_by_line_where_nobody_looks() {
    let set = set_up(false);
    let admin = set.scene.admin.to_string();
    let log = set.scene.path().join("watch.log");
    let mut command = edgesteer();
    command.args(["watch", "--admin", &admin]);
    let mut watch = Process::start(&mut command, &log, "");
    watch.wait_for_log("verdict: ");
    assert!(run(&["drain", "seoul", "--reason", "patch night", "--admin", &admin]).status.success());
    watch.wait_for_log("hold: patch night");
    assert!(!watch.log().contains('\u{1b}'), "no escape sequence outside a terminal: {:?}", watch.log());
    let nobody = said(&run(&["watch", "--admin", "127.0.0.1:1"])).1;
    assert!(nobody.contains("no server answers on 127.0.0.1:1"), "{nobody}");
}

#[test]
fn completions_and_man_pages_tell_every_command() {
    let (bash, _) = said(&run(&["completions", "bash"]));
    let directory = tempfile::tempdir().unwrap();
    assert!(run(&["man", directory.path().to_str().unwrap()]).status.success());
    for command in ["serve", "check", "explain", "hold", "status", "watch", "token", "audit"] {
        assert!(bash.contains(command), "{command}");
        assert!(directory.path().join(format!("edgesteer-{command}.1")).exists(), "{command}");
    }
}
