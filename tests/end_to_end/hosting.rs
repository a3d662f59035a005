//! A hosting provider's list: very many domains, replaced while questions are answered, and full of mistakes.
//!
//! 100,000 domains, since the tested binary is not optimised. `publish_law.rs` counts at a million, `just million` measures.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::eventually;
use crate::common::scene::Scene;
use crate::common::server::{Server, run, said};
use hickory_proto::op::ResponseCode;
use rustix::process::Signal;
use std::ops::Range;

const DOMAINS: usize = 100_000;
/// Domains of each end of the list that come or go.
const CHANGED: usize = 1_000;

/// The hosting contract where the scene is.
fn contract(scene: &Scene, ttl: u32) -> String {
    let [listen, admin] = [scene.listen, scene.admin].map(|address| address.to_string());
    let [seoul, dublin] = [scene.seoul, scene.dublin].map(|address| address.to_string());
    let text = include_str!("../contract/hosting.toml");
    let put = [("127.0.0.1:5300", listen), ("127.0.0.1:9153", admin), ("127.0.1.10", seoul), ("127.0.2.10", dublin)];
    let text = put.iter().fold(text.to_owned(), |text, (theirs, ours)| {
        assert!(text.contains(theirs), "{theirs}");
        text.replace(theirs, ours)
    });
    text + &format!("ttl = \"{ttl}s\"\n")
}

fn list(domains: Range<usize>) -> String {
    domains.map(|n| format!("t{n}.hoster.example\n")).collect()
}

fn write(scene: &Scene, ttl: u32, domains: &str) {
    std::fs::write(scene.path().join("domains.txt"), domains).unwrap();
    scene.write(&contract(scene, ttl));
}

/// Which of the two lists answered for a domain: each has a TTL of its own, and refuses what it does not have.
fn generation(scene: &Scene, domain: usize, had: [bool; 2]) -> usize {
    let answer = look_up(scene.listen, &format!("_sipfederationtls._tcp.t{domain}.hoster.example"), T::SRV);
    let told = match (answer.metadata.response_code, &answer.answers[..]) {
        (ResponseCode::NoError, [srv]) if srv.ttl == 31 || srv.ttl == 32 => srv.ttl as usize - 31,
        (ResponseCode::Refused, []) => had.iter().position(|had| !had).expect("a domain of both lists is refused"),
        _ => panic!("of neither list: {answer:?}"),
    };
    assert_eq!(had[told], !answer.answers.is_empty(), "{answer:?}");
    told
}

#[test]
fn a_changed_list_is_swapped_in_once_while_every_question_is_answered() {
    let scene = Scene::deserted("");
    write(&scene, 31, &list(0..DOMAINS));
    let mut server = Server::ready(&scene);
    let newest = DOMAINS + CHANGED - 1;
    let asked = [(DOMAINS / 2, [true, true]), (0, [true, false]), (newest, [false, true])];
    asked.iter().for_each(|&(domain, had)| assert_eq!(generation(&scene, domain, had), 0));

    write(&scene, 32, &list(CHANGED..DOMAINS + CHANGED));
    server.signal(Signal::HUP);
    let mut told = [0; 2];
    eventually("the new list answers", || {
        for (domain, had) in asked {
            let generation = generation(&scene, domain, had);
            told[generation] += 1;
            assert!(generation == 1 || told[1] == 0, "the old list answers after the new one did");
        }
        (told[1] >= 300).then_some(())
    });
    assert!(told[0] >= 10, "nothing was answered while the list was read: {told:?}");
    server.wait_for_log("service federation: 1000 domains added, 1000 removed");
    server.wait_for_log("taken over");
    assert_eq!(server.log().matches("taken over").count(), 1, "{}", server.log());
}

#[test]
fn every_duplicate_malformed_and_clashing_line_is_counted_and_the_first_are_shown() {
    let scene = Scene::deserted("");
    let malformed: String = (0..CHANGED).map(|n| format!("bad domain {n}\n")).collect();
    write(&scene, 31, &[list(0..DOMAINS), list(0..CHANGED), malformed].concat());
    std::fs::write(scene.path().join("others.txt"), list(DOMAINS - CHANGED..DOMAINS + CHANGED)).unwrap();
    let second =
        contract(&scene, 31).split_once("[service.federation]").unwrap().1.replace("domains.txt", "others.txt");
    scene.write(&format!("{}\n[service.second]{second}", contract(&scene, 31)));

    let output = run(&["check", "-c", scene.config().to_str().unwrap()]);
    let (_, errors) = said(&output);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    // Each at its first line: that of a clash is in the second service's file.
    for (code, file, line) in [
        ("duplicate-domain", "domains.txt", DOMAINS + 1),
        ("bad-domain-name", "domains.txt", DOMAINS + CHANGED + 1),
        ("duplicate-owner", "others.txt", 1),
    ] {
        let place = format!("{}:{line}:1", scene.path().join(file).display());
        let finding = errors.split("\n\n").find(|finding| finding.contains(&place));
        assert!(finding.is_some_and(|finding| finding.contains(code)), "{code} at {place}:\n{errors}");
    }
    let shown = errors.matches("error[").count();
    assert_eq!(shown, 100, "{errors}");
    let all = format!("{} errors", 3 * CHANGED);
    assert!(errors.lines().any(|line| line.starts_with(&all)), "{errors}");
}
