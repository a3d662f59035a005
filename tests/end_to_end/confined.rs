//! What the process may not do: root becomes somebody else, and everybody forbids himself what is not needed.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::fresh_ip;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, edgesteer, run, said};
use rustix::process::{Signal, getuid};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// "nobody" of every Linux.
const NOBODY: u32 = 65534;

fn with(scene: &Scene, keys: &str) -> String {
    scene.text("", QUICK).replacen("[server]", &format!("[server]\n{keys}"), 1)
}

/// A field of every thread's status.
fn status(server: &Server, field: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.pid().as_raw_nonzero())).unwrap();
    let of = |text: String| {
        let line = text.lines().find_map(|line| line.strip_prefix(field).map(str::to_owned));
        line.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("status")).ok()).map(of).collect()
}

fn all_are(values: &[String], wanted: &str) {
    assert!(values.len() > 3 && values.iter().all(|value| value == wanted), "{wanted}: {values:?}");
}

#[test]
fn every_thread_is_confined_unless_that_is_switched_off() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&with(&scene, "state_dir = \"state\""));
    let server = Server::ready(&scene);
    assert!(server.log().contains("seccomp refuses"), "{}", server.log());
    all_are(&status(&server, "Seccomp:"), "2");
    all_are(&status(&server, "NoNewPrivs:"), "1");
    drop(server);

    scene.write(&with(&scene, "sandbox = \"off\""));
    let server = Server::replacing(&scene, "off.log");
    let mut server = server;
    server.wait_ready();
    assert!(server.log().contains("sandbox: off, as the configuration says"), "{}", server.log());
    all_are(&status(&server, "Seccomp:"), "0");
}

#[test]
fn a_confined_process_reloads_what_it_may_read_and_says_what_it_may_not() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let zone = "[zone.\"static.example\"]\nns = { \"ns.elsewhere.example\" = [] }\nrecords = \"RECORDS\"\n";
    let text = with(&scene, "state_dir = \"state\"") + zone;
    fs::write(scene.path().join("static.zone"), "web 60 A 192.0.2.1\n").unwrap();
    scene.write(&text.replace("RECORDS", "static.zone"));
    let mut server = Server::ready(&scene);
    fs::write(scene.path().join("other.zone"), "web 60 A 192.0.2.2\n").unwrap();
    scene.write(&text.replace("RECORDS", "other.zone"));
    server.signal(Signal::HUP);
    server.wait_for_log("reload: taken over");
    assert_eq!(look_up(scene.listen, "web.static.example", T::A).answers[0].data.to_string(), "192.0.2.2");

    // A check that runs a command would find every pool dead.
    let exec = "check = { kind = \"exec\", command = [\"/bin/true\"] }";
    let checks = text.find("check = {").unwrap();
    let end = checks + text[checks..].find('\n').unwrap();
    scene.write(&text.replace("RECORDS", "other.zone").replace(&text[checks..end], exec));
    server.signal(Signal::HUP);
    server.wait_for_log("it runs commands, which this process has forbidden itself");

    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("far.zone"), "web 60 A 192.0.2.3\n").unwrap();
    scene.write(&text.replace("RECORDS", elsewhere.path().join("far.zone").to_str().unwrap()));
    server.signal(Signal::HUP);
    if server.log().contains("Landlock ABI") {
        server.wait_for_log("the sandbox lets this process read only in directories of files that it was started with");
        assert_eq!(look_up(scene.listen, "web.static.example", T::A).answers[0].data.to_string(), "192.0.2.2");
    } else {
        assert!(server.log().contains("no Landlock"), "{}", server.log());
    }
}

#[test]
fn a_confined_process_takes_over_no_verdicts_that_it_could_not_read() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let text = with(&scene, "");
    scene.write(&text);
    let mut server = Server::ready(&scene);
    let checks = text.find("check = {").unwrap();
    let end = checks + text[checks..].find('\n').unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let told_by = |file: &Path| {
        let check = format!("check = {{ kind = \"file\", file = \"{}\" }}", file.display());
        scene.write(&text.replace(&text[checks..end], &check));
        server.signal(Signal::HUP);
    };
    let verdicts = format!("{} up\n{} down\n", scene.seoul, scene.dublin);
    let near = scene.path().join("verdicts.txt");
    let far = elsewhere.path().join("verdicts.txt");
    fs::write(&near, &verdicts).unwrap();
    fs::write(&far, &verdicts).unwrap();
    if server.log().contains("no Landlock") {
        return;
    }
    for file in [far, elsewhere.path().join("not-yet/verdicts.txt")] {
        told_by(&file);
        let why = format!("a check reads {}, and the sandbox", file.display());
        eventually(&why, || server.log().contains(&why).then_some(()));
    }
    told_by(&near);
    server.wait_for_log("reload: taken over");
    eventually("it is read", || (server.metric("edgesteer_pool_up{pool=\"dublin\"}") == Some(0.0)).then_some(()));
    assert_eq!(server.metric("edgesteer_pool_up{pool=\"seoul\"}"), Some(1.0));
}

#[test]
fn what_a_confined_process_must_refuse_is_read_once_by_the_watch() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let text = with(&scene, "watch = \"on\"");
    scene.write(&text);
    let mut server = Server::ready(&scene);
    let checks = text.find("check = {").unwrap();
    let end = checks + text[checks..].find('\n').unwrap();
    let exec = "check = { kind = \"exec\", command = [\"/bin/true\"] }";
    scene.write(&text.replace(&text[checks..end], exec));
    server.wait_for_log("it runs commands, which this process has forbidden itself");
    // Looks in which nothing changes.
    std::thread::sleep(5 * edgesteer::limits::WATCH_LOOK);
    scene.write(&text.replace("ttl = \"1s\"", "ttl = \"7s\""));
    server.wait_for_log("reload: taken over");
    assert_eq!(server.log().matches("reload: refused").count(), 1, "{}", server.log());
}

#[test]
fn where_commands_are_run_nothing_is_forbidden_to_them() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let text = with(&scene, "");
    let checks = text.find("check = {").unwrap();
    let end = checks + text[checks..].find('\n').unwrap();
    let exec = "check = { kind = \"exec\", command = [\"/bin/true\"], interval = \"200ms\" }";
    scene.write(&text.replace(&text[checks..end], exec));
    let server = Server::ready(&scene);
    assert!(server.log().contains("sandbox: off, because commands are run"), "{}", server.log());
    assert_eq!(server.metric("edgesteer_pool_up{pool=\"seoul\"}"), Some(1.0));
}

/// The program as "nobody" runs it, who may read the scene.
fn of_nobody(scene: &Scene) -> Command {
    let own = scene.path().join("edgesteer");
    // It may lie where he may not look.
    if !own.exists() {
        fs::copy(edgesteer().get_program(), &own).unwrap();
    }
    fs::set_permissions(scene.path(), Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(own);
    command.uid(NOBODY).gid(NOBODY);
    command
}

#[test]
fn root_hands_nothing_to_other_users_and_takes_nothing_from_them() {
    if !getuid().is_root() {
        // `handover` has the rule as a table; there is nobody else to try it with.
        return;
    }
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    scene.write(&with(&scene, "state_dir = \"state\""));
    let mut server = Server::ready(&scene);
    scene.write(&with(&scene, ""));
    let mut theirs = Server::run(&scene, &mut of_nobody(&scene), &["--replace"], "theirs.log");
    assert_eq!(theirs.wait().code(), Some(1), "{}", theirs.log());
    server.wait_for_log(&format!("nothing is handed over: the other process belongs to the user {NOBODY}"));
    assert_eq!(server.status("/readyz"), Some(200), "it goes on");

    // Where somebody else has the name at which root's next process knocks.
    let scene = Scene::of(&edges);
    scene.write(&with(&scene, ""));
    let mut stranger = Server::run(&scene, &mut of_nobody(&scene), &[], "stranger.log");
    stranger.wait_ready();
    let mut ours = Server::replacing(&scene, "ours.log");
    assert_eq!(ours.wait().code(), Some(1), "{}", ours.log());
    assert!(ours.log().contains(&format!("belongs to the user {NOBODY}")), "{}", ours.log());
    assert_eq!(stranger.status("/readyz"), Some(200), "it goes on");
}

#[test]
fn root_becomes_the_user_once_its_sockets_are_bound() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    // Only root has this port of an address of its own.
    let strangers = std::net::SocketAddr::new(fresh_ip(), 80);
    let keys = format!("user = \"{NOBODY}:{NOBODY}\"\nstate_dir = \"state\"\nwell_known = [\"{strangers}\"]");
    scene.write(&with(&scene, &keys));
    let config = scene.config();
    let serve = || run(&["serve", "-c", config.to_str().unwrap()]);
    if !getuid().is_root() {
        let refused = serve();
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).1.contains("only root can become the user"), "{:?}", said(&refused));
        return;
    }
    // As in /etc and /var/lib, where everybody may pass.
    fs::set_permissions(scene.path(), Permissions::from_mode(0o755)).unwrap();
    let mut server = Server::ready(&scene);
    look_up(scene.listen, "sip.contoso.com", T::A);
    let four = format!("{NOBODY} {NOBODY} {NOBODY} {NOBODY}");
    all_are(&status(&server, "Uid:"), &four);
    all_are(&status(&server, "Gid:"), &four);
    all_are(&status(&server, "Groups:"), "");
    all_are(&status(&server, "CapPrm:"), "0000000000000000");
    let state = scene.path().join("state");
    assert_eq!(fs::metadata(&state).unwrap().uid(), NOBODY);
    // The next one, started by root, takes over from it.
    let mut next = Server::replacing(&scene, "next.log");
    next.wait_ready();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    std::net::TcpStream::connect(strangers).unwrap();
    next.signal(Signal::TERM);
    assert_eq!(next.wait().code(), Some(0), "{}", next.log());

    chown(&state, Some(0), None).unwrap();
    let refused = serve();
    assert_eq!(refused.status.code(), Some(1), "{:?}", said(&refused));
    assert!(said(&refused).1.contains(&format!("chown -R {NOBODY}:{NOBODY}")), "{:?}", said(&refused));

    scene.write(&with(&scene, "user = \"nobody-of-that-name\""));
    let refused = serve();
    assert!(said(&refused).1.contains("there is no user nobody-of-that-name"), "{:?}", said(&refused));
}
