//! People's systems are told: by a signed POST or a program, again until it is taken, also after a restart.

use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::fresh_address;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, run, said};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use edgesteer::demo::edge::Mode;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const SECRET: &[u8] = b"a secret of thirty-two octets!!!";

/// A POST that came in.
pub(super) struct Post {
    fields: HashMap<String, String>,
    body: String,
}

impl Post {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether whoever sent it knows the secret.
    fn is_ours(&self) -> bool {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
        let signed = format!("{}.{}.{}", self.fields["webhook-id"], self.fields["webhook-timestamp"], self.body);
        let tag = self.fields["webhook-signature"].strip_prefix("v1,").unwrap();
        ring::hmac::verify(&key, signed.as_bytes(), &BASE64_STANDARD.decode(tag).unwrap()).is_ok()
    }
}

/// Takes POSTs, the first few with an error, until the test ends.
pub(super) fn receiver(address: SocketAddr, refused: usize) -> Receiver<Post> {
    let listener = TcpListener::bind(address).unwrap();
    let (told, posts) = channel();
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            let mut fields = HashMap::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                if let Some((name, value)) = line.trim().split_once(": ") {
                    fields.insert(name.to_ascii_lowercase(), value.to_owned());
                }
                line.clear();
            }
            let mut body = vec![0; fields["content-length"].parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            let status = if count < refused { "503 Service Unavailable" } else { "204 No Content" };
            write!(stream.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            if told.send(Post { fields, body: String::from_utf8(body).unwrap() }).is_err() {
                return;
            }
        }
    });
    posts
}

pub(super) fn next(posts: &Receiver<Post>) -> Post {
    posts.recv_timeout(Duration::from_secs(60)).expect("a message")
}

fn write_secret(scene: &Scene) {
    let path = scene.path().join("webhook.key");
    std::fs::write(&path, BASE64_STANDARD.encode(SECRET)).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

fn text(scene: &Scene, notify: &str) -> String {
    scene.text("failback = \"auto\"", QUICK).replace("[server]", "[server]\nstate_dir = \"state\"") + notify
}

#[test]
fn a_failover_is_told_until_it_is_taken_and_then_the_way_back() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let to = fresh_address();
    write_secret(&scene);
    scene.write(&text(
        &scene,
        &format!("[notify.oncall]\nwebhook = \"http://{to}/hooks/edge\"\nsecret_file = \"webhook.key\""),
    ));
    let posts = receiver(to, 2);
    let server = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);

    let told: Vec<Post> = (0..3).map(|_| next(&posts)).collect();
    assert!(told.iter().all(Post::is_ours));
    let ids: HashSet<&str> = told.iter().map(|post| post.fields["webhook-id"].as_str()).collect();
    assert_eq!(ids.len(), 1, "one message, told until it is taken");
    let message = told[2].json();
    assert_eq!(message["type"], "edgesteer.failover");
    assert_eq!(message["data"]["from"], serde_json::json!(["seoul"]));
    assert_eq!(message["data"]["to"], serde_json::json!(["dublin"]));
    assert_eq!(message["text"], "federation: seoul is lost; partners (seoul>dublin) are now sent to dublin");
    eventually("it is counted", || {
        let count = |outcome| {
            server.metric(&format!("edgesteer_notifications_total{{notify=\"oncall\",outcome=\"{outcome}\"}}"))
        };
        (count("sent") == Some(1.0) && count("failed") == Some(2.0)).then_some(())
    });

    edges.set("seoul", Mode::Serving);
    let back = next(&posts).json();
    assert_eq!((&back["type"], &back["data"]["to"]), (&"edgesteer.failback".into(), &serde_json::json!(["seoul"])));
    eventually("nothing waits", || {
        server.metric("edgesteer_notifications_waiting{notify=\"oncall\"}").filter(|waiting| *waiting == 0.0)
    });
}

#[test]
fn the_end_of_an_outage_is_told_though_nobody_moves() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let to = fresh_address();
    scene.write(&text(&scene, &format!("[notify.oncall]\nwebhook = \"http://{to}\"")));
    let posts = receiver(to, 0);
    let _server = Server::ready(&scene);
    let turns = [
        ("dublin", Mode::Refusing, "failover", "dublin is lost; partners (dublin>seoul) are now sent to seoul"),
        (
            "seoul",
            Mode::Refusing,
            "failover",
            "every pool is down; partners (seoul>dublin, dublin>seoul) are told seoul (last-good)",
        ),
        (
            "seoul",
            Mode::Serving,
            "failback",
            "no longer is every pool down; partners (seoul>dublin, dublin>seoul) are sent to seoul (proven alive)",
        ),
    ];
    for (pool, mode, topic, words) in turns {
        edges.set(pool, mode);
        let told = next(&posts).json();
        assert_eq!(told["type"], format!("edgesteer.{topic}"), "{told}");
        assert_eq!(told["text"], format!("federation: {words}"));
    }
}

#[test]
fn what_nobody_took_is_told_by_the_next_process() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let to = fresh_address();
    scene.write(&text(&scene, &format!("[notify.oncall]\nwebhook = \"http://{to}\"\non = [\"failover\"]")));
    let mut server = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);
    eventually("a message waits", || {
        server.metric("edgesteer_notifications_waiting{notify=\"oncall\"}").filter(|waiting| *waiting == 1.0)
    });
    server.signal(Signal::KILL);
    server.wait();
    let posts = receiver(to, 0);
    let _server = Server::ready(&scene);
    assert_eq!(next(&posts).json()["type"], "edgesteer.failover");
}

#[test]
fn a_program_is_told_and_a_trial_tells_whom_it_reached() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let script = scene.path().join("page");
    let told = scene.path().join("told");
    std::fs::write(&script, format!("#!/bin/sh\ncat >> {0} && echo >> {0}\n", told.display())).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let nowhere = fresh_address();
    let notify = format!(
        "[notify.page]\ncommand = [\"{}\"]\non = [\"verdict\"]\n\n[notify.chat]\nwebhook = \"http://{nowhere}/secret-path\"",
        script.display()
    );
    scene.write(&text(&scene, &notify));

    let config = scene.config();
    let trial = run(&["notify", "-c", config.to_str().unwrap()]);
    let (out, err) = said(&trial);
    assert_eq!((trial.status.code(), out.as_str()), (Some(1), "page: the message was taken\n"));
    assert!(err.starts_with(&format!("error: chat: http://{nowhere}: ")) && !err.contains("secret-path"), "{err}");
    assert!(std::fs::read_to_string(&told).unwrap().contains("edgesteer.trial"));

    let _server = Server::ready(&scene);
    edges.set("seoul", Mode::Refusing);
    let line = eventually("the program is told", || {
        let told = std::fs::read_to_string(&told).unwrap();
        told.lines().find(|line| line.contains("is down")).map(str::to_owned)
    });
    let message: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&message["type"], &message["data"]["state"]), (&"edgesteer.verdict".into(), &"down".into()));
}
