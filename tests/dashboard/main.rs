//! The page of the admin listener in Chromium, driven over chromedriver's WebDriver protocol. Ignored by default: it needs
//! Debian's chromium and chromium-driver, which `.ci/run` installs.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod pictures;

use browser::Browser;
use common::edges::Edges;
use common::scene::{QUICK, Scene};
use common::server::{Server, get, run};
use common::{eventually, write_secret};
use edgesteer::demo::ca::{ThrowawayCa, now_valid};
use edgesteer::demo::edge::Mode;
use rustix::process::Signal;

struct Room {
    edges: Edges,
    scene: Scene,
    server: Server,
    browser: Browser,
}

impl Room {
    fn open() -> Self {
        let room = Self::open_with("");
        room.wait_for("sentence", "Inbound federation is up");
        room
    }

    /// With more tables of configuration.
    fn open_with(more: &str) -> Self {
        let edges = Edges::start();
        let scene = Scene::of(&edges);
        scene.write(&(scene.text("failback = \"auto\"", QUICK) + more));
        let server = Server::ready(&scene);
        let browser = Browser::start(scene.path());
        browser.open(&format!("http://{}/", scene.admin));
        Self { edges, scene, server, browser }
    }

    fn text(&self, id: &str) -> String {
        self.browser.run(&format!("return document.getElementById('{id}').innerText")).as_str().unwrap().to_owned()
    }

    fn wait_for(&self, id: &str, text: &str) {
        let mut last = String::new();
        eventually(&format!("{id} says {text:?}"), || {
            let now = self.text(id);
            if now != last {
                eprintln!("{id}: {now:?}");
                last.clone_from(&now);
            }
            now.contains(text).then_some(())
        });
    }

    /// Fills the dialog of an order in and sends it.
    fn order(&self, button: &str, token: &str, reason: &str) {
        let script = format!(
            "document.querySelector('[aria-label=\"{button}\"]').click();
             document.getElementById('order-token').value = '{token}';
             document.getElementById('order-reason').value = '{reason}';
             document.getElementById('order-author').value = 'kim';
             document.getElementById('order-do').click();"
        );
        self.browser.run(&script);
    }
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn a_failover_is_seen_without_a_reload_and_so_is_the_loss_of_the_server() {
    let mut room = Room::open();
    room.browser.run("window.mark = 'the same page'");
    room.wait_for("legend", "seoul: ");
    room.edges.set("seoul", Mode::Refusing);
    room.wait_for("sentence", "seoul is down");
    room.wait_for("hands", "seoul is down");
    room.wait_for("events", "go to dublin, not seoul");
    room.edges.set("dublin", Mode::Refusing);
    room.wait_for("sentence", "every pool is down since");
    room.edges.set("seoul", Mode::Serving);
    room.wait_for("sentence", "Inbound federation is up");
    assert_eq!(room.browser.run("return window.mark"), "the same page");
    assert_eq!(room.browser.complaints(), Vec::<String>::new());
    room.server.signal(Signal::TERM);
    room.wait_for("lost", "What is shown is from");
    assert_eq!(room.text("live"), "not connected");
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn whom_a_gate_keeps_is_not_said_to_be_kept_for_want_of_another_pool() {
    let mut room = Room::open_with("[gate.board]\ncommand = [\"/bin/false\"]\n");
    room.wait_for("sentence", "Inbound federation is up");
    room.edges.set("seoul", Mode::Refusing);
    room.wait_for("sentence", "Inbound federation is not proven up");
    room.wait_for("sentence", "seoul is named to");
    room.wait_for("hands", "clients are kept at seoul until a gate lets them go");
    room.wait_for("pools", "still named until a gate lets its clients go");
    assert_eq!(room.browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn a_hold_is_set_and_released_through_the_page() {
    let room = Room::open();
    let token = edgesteer::admin::local_token(room.scene.admin).unwrap();
    room.order("Hold seoul", "no-such-token", "maintenance <b>tonight</b>");
    room.wait_for("order-error", "nobody has that token");
    assert_eq!(room.browser.run("return sessionStorage.getItem('edgesteer-token')"), serde_json::Value::Null);
    room.browser.run("document.getElementById('order-no').click()");
    room.order("Hold seoul", &token, "maintenance <b>tonight</b>");
    room.wait_for("holds", "maintenance <b>tonight</b>");
    room.wait_for("holds", "kim");
    room.wait_for("pools", "held drain");
    room.order("Release seoul", &token, "done");
    room.wait_for("holds", "Nothing is held");
    assert_eq!(room.browser.run("return localStorage.getItem('edgesteer-token')"), serde_json::Value::Null);
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn a_server_with_tokens_shows_nothing_before_one_is_given() {
    let hash = edgesteer::admin::sha256("es_look");
    let room = Room::open_with(&format!("[token.looker]\nrole = \"read\"\nsha256 = \"{hash}\"\n"));
    let log_in = |token: &str| {
        let fill = format!("document.getElementById('token').value = '{token}'");
        room.browser.run(&format!("{fill}; document.querySelector('#login button').click()"));
    };
    room.wait_for("login", "This server wants a token");
    log_in("es_guess");
    room.wait_for("lost", "nobody has that token");
    assert_eq!(room.text("pools"), "");
    log_in("es_look");
    room.wait_for("sentence", "Inbound federation is up");
    room.wait_for("live", "live");
    assert_eq!(room.browser.run("return document.getElementById('login').hidden"), true);
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn over_tls_it_is_the_same_page() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let ca = ThrowawayCa::new().unwrap();
    let identity = ca.issue(&[&scene.admin.ip().to_string()], now_valid()).unwrap();
    std::fs::write(scene.path().join("admin.pem"), identity.certificate_pem()).unwrap();
    write_secret(&scene.path().join("admin.key"), &identity.key_pem());
    let hash = edgesteer::admin::sha256("es_look");
    let tls = "[server]\nadmin_tls = { cert = \"admin.pem\", key = \"admin.key\" }\n";
    let token = format!("[token.looker]\nrole = \"operate\"\nsha256 = \"{hash}\"\n");
    scene.write(&(scene.text("", QUICK).replace("[server]\n", tls) + &token));
    let mut server = Server::start(&scene);
    server.wait_for_log("answering");
    let browser = Browser::start(scene.path());
    browser.open(&format!("https://{}/", scene.admin));
    let room = Room { edges, scene, server, browser };
    room.wait_for("login", "This server wants a token");
    room.browser
        .run("document.getElementById('token').value = 'es_look'; document.querySelector('#login button').click()");
    room.wait_for("sentence", "Inbound federation is up");
    room.wait_for("live", "live");
    room.order("Hold seoul", "es_look", "patch night");
    room.wait_for("holds", "patch night");
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn what_somebody_gets_is_explained_and_no_script_of_others_runs() {
    let room = Room::open();
    room.browser.run(
        "const ask = document.getElementById('ask');
         ask.elements.name.value = '_sipfederationtls._tcp.contoso.com';
         ask.elements.client.value = '168.126.63.1';
         ask.querySelector('button').click();",
    );
    room.wait_for("explained", "(chosen)");
    room.wait_for("explained", "KR");
    room.browser.run("document.querySelector('[aria-label=\"Run-book of seoul\"]').click()");
    room.wait_for("book-text", "What DNS does");
    room.browser.run("document.getElementById('book-close').click()");
    let themes = "const of = () => document.documentElement.dataset.theme; const first = of();
                  document.getElementById('theme').click(); return [first, of()].sort()";
    assert_eq!(room.browser.run(themes), serde_json::json!(["dark", "light"]));
    assert_eq!(room.browser.complaints(), Vec::<String>::new());
    room.browser.run(
        "const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script)",
    );
    assert_eq!(room.browser.run("return window.ran ?? null"), serde_json::Value::Null);
    let complaints = room.browser.complaints();
    assert!(complaints.iter().any(|line| line.contains("Content Security Policy")), "{complaints:?}");
    assert_eq!(get(room.scene.admin, "/page/main.js").unwrap().0, 200);
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn a_run_book_is_worked_through_with_ticks_that_a_reload_keeps() {
    let room = Room::open();
    let open = || room.browser.run("document.querySelector('[aria-label=\"Run-book of seoul\"]').click()");
    let boxes = |what: &str| {
        let script = format!("return document.querySelectorAll('#book-text input{what}').length");
        room.browser.run(&script).as_u64().unwrap()
    };
    open();
    room.wait_for("book-done", "0 of ");
    let steps = boxes("");
    let (_, text) = get(room.scene.admin, "/api/v1/runbooks/seoul").unwrap();
    assert_eq!(steps as usize, text.matches("[ ]").count(), "each box of the run-book is one");
    assert!(steps > 10 && !room.text("book-text").contains("**") && !room.text("book-text").contains("```"));
    room.browser.run("document.querySelectorAll('#book-text input').forEach((box, i) => { if (i < 3) box.click(); })");
    room.wait_for("book-done", &format!("3 of {steps}"));
    room.browser.open(&format!("http://{}/", room.scene.admin));
    room.wait_for("sentence", "Inbound federation is up");
    open();
    room.wait_for("book-done", &format!("3 of {steps}"));
    assert_eq!(boxes(":checked"), 3);
    room.browser.run("document.getElementById('book-clear').click()");
    room.wait_for("book-done", "0 of ");

    // What was ticked before a loss is not done for it; what is ticked in it stays.
    let close = || room.browser.run("document.getElementById('book-close').click()");
    let tick = "document.querySelector('#book-text input').click()";
    room.browser.run(tick);
    room.wait_for("book-done", "1 of ");
    close();
    let held = run(&["hold", "seoul", "down", "--reason", "trial", "--admin", &room.scene.admin.to_string()]);
    assert!(held.status.success(), "{held:?}");
    open();
    room.wait_for("book-text", "done by edgesteer at 20");
    room.wait_for("book-done", "0 of ");
    room.browser.run(tick);
    room.wait_for("book-done", "1 of ");
    close();
    open();
    room.wait_for("book-done", "1 of ");
    assert_eq!(room.browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn a_drill_is_asked_for_seen_and_told_of_when_it_is_over() {
    let room = Room::open();
    room.wait_for("drills", "No drill is under way");
    let token = edgesteer::admin::local_token(room.scene.admin).unwrap();
    room.browser.run(&format!(
        "document.getElementById('drill-pool').value = 'seoul';
         document.querySelector('#drill button').click();
         document.getElementById('order-token').value = '{token}';
         document.getElementById('order-reason').value += 'spring';
         document.getElementById('order-author').value = 'kim';
         document.getElementById('order-do').click();"
    ));
    room.wait_for("drills", "seoul is held down as a drill, which ends by itself");
    room.wait_for("drills", "clients of seoul>dublin went to dublin");
    room.wait_for("holds", "drill: spring");
    room.order("Release seoul", &token, "enough");
    room.wait_for("drills", "seoul was drilled from");
    room.wait_for("drills", "by kim");
    assert_eq!(room.browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn what_would_be_without_a_pool_is_foretold() {
    let room = Room::open();
    let foretell = |boxes: &str| {
        let tick =
            format!("document.querySelectorAll('#lost-pools input').forEach((box) => {{ box.checked = {boxes}; }})");
        room.browser.run(&format!("{tick}; document.querySelector('#lost-form button').click()"));
    };
    foretell("false");
    room.wait_for("foretold", "Tick the pools");
    foretell("box.value === 'seoul'");
    room.wait_for("foretold", "Everybody would still have a live pool");
    room.wait_for("foretold", "seoul → dublin");
    foretell("true");
    room.wait_for("foretold", "no live pool for");
    assert_eq!(room.browser.complaints(), Vec::<String>::new());
}
