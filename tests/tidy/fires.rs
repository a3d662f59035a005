//! Every rule fires on a made-up file, and is silent on one that keeps it.

use crate::rules::{self, EDGES, Finding, Room};
use crate::source::Source;

const ROOMS: &[Room] = &[
    Room { path: "ids", layer: 0, imports: &[], outside: &[] },
    Room { path: "health", layer: 1, imports: &[], outside: &[] },
    Room { path: "answer", layer: 3, imports: &["health::Verdict"], outside: &["thiserror"] },
    Room { path: "lane", layer: EDGES, imports: &["answer::records"], outside: &["sockets"] },
    Room { path: "lane/full", layer: EDGES, imports: &["answer"], outside: &["hickory_server"] },
    Room { path: "app", layer: 8, imports: &["*"], outside: &[] },
];

/// The lines in which a rule finds something in a file of that path.
fn lines(rule: impl Fn(&Source) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
    let line = |finding: &Finding| {
        let said = finding.to_string();
        assert!(said.contains("; "), "no remedy: {said}");
        said.strip_prefix(path).and_then(|said| said.split(':').nth(1)).and_then(|line| line.parse().ok())
    };
    rule(&Source::new(path, text)).iter().map(|f| line(f).expect("a finding begins with path:line")).collect()
}

#[test]
fn a_finding_names_place_and_remedy() {
    let found = rules::headless(&Source::new("src/answer/mod.rs", "use x;"));
    let said = "src/answer/mod.rs:1: the file has no header; begin it with `//!`: what is here, what is not, what always holds";
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [said]);
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = "// crate::a\n/* crate::b /* crate::c */ crate::d */\nlet x = \"crate::e \\\" crate::f\";\nlet y = r#\"crate::\"g\"#;\n\
                let z = ('\"', '\\'', b'x'); fn f<'a>(x: &'a str) { crate::h() }";
    let source = Source::new("src/answer.rs", text);
    assert_eq!(source.code.len(), text.len());
    let paths: Vec<_> = source.crate_paths().into_iter().map(|(at, path)| (source.line(at), path)).collect();
    assert_eq!(paths, [(5, "h".to_owned())]);
}

#[test]
fn paths_are_read_through_braces() {
    let text = "use crate::{a::{self, B as C}, d::*,\n    e};\nlet x: Vec<crate::f::G>; $crate::h!(); subcrate::i();";
    let paths: Vec<_> = Source::new("src/answer.rs", text).crate_paths().into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, ["a::self", "a::B", "d::*", "e", "f::G", "h"]);
}

#[test]
fn layering_fires() {
    let rule = |source: &Source| rules::layering(source, ROOMS);
    let cases: &[(&str, &str, &[usize])] = &[
        ("src/answer/mod.rs", "use crate::ids::PoolId;\nuse crate::health::Verdict;\nuse crate::answer::x;\n", &[]),
        ("src/answer/mod.rs", "use crate::health::Judge;\n", &[1]),
        ("src/answer/mod.rs", "fn f() {\n    crate::lane::g();\n}\n", &[2]),
        ("src/answer/mod.rs", "use crate::{\n    ids::A,\n    app,\n};\n", &[1]),
        ("src/answer/mod.rs", "use crate::*;\n", &[1]),
        ("src/ids.rs", "use crate::health::Verdict;\n", &[1]),
        ("src/lane/edns.rs", "use crate::answer::Answer;\n", &[1]),
        ("src/lane/full.rs", "use crate::answer::Answer;\n", &[]),
        ("src/app.rs", "use crate::health::Judge;\n", &[]),
    ];
    for (path, text, expected) in cases {
        assert_eq!(&lines(rule, path, text), expected, "{path}: {text}");
    }
    assert_eq!(lines(|source| rules::homeless(source, ROOMS), "src/attic.rs", ""), [1]);
    assert!(rules::homeless(&Source::new("src/lane/socket.rs", ""), ROOMS).is_empty());
}

#[test]
fn reach_fires() {
    let crates = ["tokio", "thiserror", "hickory_server"].map(str::to_owned);
    let rule = |source: &Source| rules::reach(source, ROOMS, &crates);
    let cases: &[(&str, &str, &[usize])] = &[
        ("src/answer/mod.rs", "#[derive(thiserror::Error)]\nstruct X(std::time::Instant);\n", &[]),
        ("src/answer/mod.rs", "use tokio::sync::mpsc;\n", &[1]),
        ("src/health/mod.rs", "let now =\n    std::time::Instant::now();\n", &[2]),
        ("src/health/mod.rs", "let long = since.elapsed();\n", &[1]),
        ("src/health/mod.rs", "let text = std::fs::read(path);\n", &[1]),
        ("src/health/mod.rs", "let socket = UdpSocket::bind(x);\nlet lock = Mutex::new(());\n", &[1, 2]),
        ("src/lane/socket.rs", "use std::net::UdpSocket;\n", &[]),
        ("src/lane/socket.rs", "use hickory_server::Server;\n", &[1]),
        ("src/lane/full.rs", "use hickory_server::Server;\n", &[]),
    ];
    for (path, text, expected) in cases {
        let mut found = lines(rule, path, text);
        found.dedup();
        assert_eq!(&found, expected, "{path}: {text}");
    }
}

#[test]
fn a_table_that_is_not_true_is_found() {
    let sources = [Source::new("src/answer/mod.rs", "use crate::health::Verdict;\n")];
    let rooms = [
        Room { path: "answer", layer: 3, imports: &["health", "ids"], outside: &["files"] },
        Room { path: "attic", layer: 3, imports: &[], outside: &[] },
    ];
    let found = rules::stale_permissions(&sources, &rooms, &[]).join("\n");
    assert_eq!(found.lines().count(), 3, "{found}");
    for stale in ["imports ids", "uses files", "`attic` has no files"] {
        assert!(found.contains(stale), "{stale}: {found}");
    }
}

#[test]
fn a_table_that_turns_the_river_is_found() {
    let room = |path, layer, imports| Room { path, layer, imports, outside: &[] };
    let rooms = [
        room("config", 1, &["geo"]),
        room("geo", 1, &["config::Country"]),
        room("topology", 2, &["lane", "attic"]),
        room("lane", EDGES, &["probe"]),
        room("probe", EDGES, &["topology"]),
        Room { path: "health", layer: 1, imports: &[], outside: &["clock"] },
    ];
    let found = rules::unsound(&rooms).join("\n");
    let expected = [
        "`health` is pure and may not use clock",
        "`config` and `geo` import each other",
        "`topology` (layer 2) imports lane (layer 5)",
        "`topology` imports attic, which has no row",
        "`lane` (layer 5) imports probe (layer 5)",
    ];
    for wrong in expected {
        assert!(found.contains(wrong), "{wrong}: {found}");
    }
}

#[test]
fn unsafety_fires() {
    let rule = |source: &Source| rules::unsafety(source, &["src/lane/mmsg.rs"]);
    let reasoned = "// SAFETY: a\n// reason.\nlet a = unsafe { f() };\n";
    assert_eq!(lines(rule, "src/lane/mmsg.rs", reasoned), []);
    assert_eq!(lines(rule, "src/lane/udp.rs", reasoned), [3]);
    assert_eq!(lines(rule, "src/lane/mmsg.rs", "// SAFETY: a reason.\nlet a = 1;\nlet b = unsafe { f() };\n"), [3]);
    assert_eq!(lines(rule, "src/lane/mmsg.rs", "#![allow(unsafe_code)]\n// No unsafe here.\n"), []);
}

#[test]
fn sideways_fires() {
    assert_eq!(lines(rules::sideways, "src/answer/mod.rs", "use super::health;\n"), [1]);
    assert_eq!(lines(rules::sideways, "src/answer.rs", "\nuse super::health;\n"), [2]);
    assert_eq!(lines(rules::sideways, "src/answer/records.rs", "use super::super::health;\n"), [1]);
    assert_eq!(lines(rules::sideways, "src/answer/records.rs", "use super::Answer;\n"), []);
}

#[test]
fn long_files_and_functions_fire() {
    let rule = |source: &Source| rules::long_functions(source, 3);
    let text = "trait T {\n    fn none(a: [u8; 2]);\n}\nfn short() {\n    a();\n}\nimpl X {\n    fn long(self) -> u8\n    {\n        b()\n    }\n}\n";
    assert_eq!(lines(rule, "src/answer.rs", text), [8]);
    assert_eq!(lines(|source| rules::long_file(source, 2), "src/answer.rs", "a\nb\nc\n"), [3]);
    assert_eq!(lines(|source| rules::long_file(source, 3), "src/answer.rs", "a\nb\nc\n"), []);
}

#[test]
fn dead_files_fire() {
    let file = |path| Source::new(path, "");
    let sources = [
        Source::new("src/lib.rs", "pub mod answer;\n// mod attic;\n"),
        Source::new("src/answer/mod.rs", "mod records;\n#[cfg(test)]\nmod tests;\n"),
        file("src/answer/records.rs"),
        file("src/answer/tests.rs"),
        file("src/attic.rs"),
        file("src/answer/attic/mod.rs"),
    ];
    let dead: Vec<_> = rules::dead_files(&sources).iter().map(ToString::to_string).collect();
    assert_eq!(dead.len(), 2, "{dead:?}");
    assert!(dead[0].starts_with("src/attic.rs:1: ") && dead[1].starts_with("src/answer/attic/mod.rs:1: "), "{dead:?}");
}

#[test]
fn words_and_ornament_fire() {
    let text = "//! Fine.\n// TODO: later\nlet XXXL = 1;\nlet y = \"FIXME\";\n";
    assert_eq!(lines(rules::unfinished, "src/answer.rs", text), [2, 4]);
    let text = "println!();\nwriteln!(out);\ndbg!(x);\nlet text = \"println!\";\n";
    let mut found = lines(rules::printing, "src/answer.rs", text);
    found.sort_unstable();
    assert_eq!(found, [1, 3]);
    let text = "// ---- parsing ----\n//! | a | b |\n//! |---|---|\n//////////\n/// ======\n// a -- b\n/// Item.\n//! ```text\n";
    assert_eq!(lines(rules::banners, "src/answer.rs", text), [1, 4, 5]);
}

#[test]
fn idle_limits_fire() {
    let limits = Source::new(
        "src/limits.rs",
        "pub const USED: u8 = 1;\npub const IDLE: u8 = 2;\nconst _: () = assert!(IDLE > 1);\n",
    );
    let user = Source::new("src/answer.rs", "use crate::limits::USED; // IDLE and IDLENESS\n");
    let found: Vec<_> = rules::idle_limits(&limits, &[user]).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["src/limits.rs:2: nothing obeys IDLE; enforce the bound, or delete it"]);
}
