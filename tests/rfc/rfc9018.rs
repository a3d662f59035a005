//! RFC 9018: cookies that several servers understand.

use super::*;

const OLD: &str = "dd3bdf9344b678b185a6f5cb60fca715";
const NEW: &str = "445536bcd2513298075a5d379663c962";

/// A server with these secrets that answers one question a second to whom it does not know.
fn serving(secrets: &str) -> Serving {
    let keys = "cookie_secret_file = \"secrets\"\nrate_limit = { per_second = 1, slip = 1, exempt = [] }";
    Serving::beside(keys, &[("secrets", secrets)])
}

/// A fresh cookie of a server.
fn cookie(server: &Serving) -> Vec<u8> {
    option_of(&server.ask_tcp(&edns("contoso.com", SOA, &option(COOKIE, &[7; 8]))), COOKIE).unwrap()
}

/// Whether a server takes a cookie for its own.
fn knows(server: &Serving, cookie: &[u8]) -> bool {
    let asked = message([0, 0], [0, 0, 0, 1], &[&opt(1232, [0; 4], &option(COOKIE, cookie))]);
    // Over TCP, where no limit can say so.
    code(&server.ask_tcp(&asked)) == NOERROR
}

#[test]
fn section_4_the_cookie_of_the_server() {
    let server = serving(NEW);
    let cookie = cookie(&server);
    // Version 1, reserved zeros, and a clock that is this one.
    assert_eq!(cookie[8..12], [1, 0, 0, 0]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let made = u32::from_be_bytes(cookie[12..16].try_into().unwrap());
    assert!(u64::from(made).abs_diff(now) < 300, "{made} {now}");
}

#[test]
fn section_5_a_secret_is_changed_while_others_still_have_the_old_one() {
    let (old, both, new) = (serving(OLD), serving(&format!("{NEW}\n{OLD}\n")), serving(NEW));
    let [by_old, by_both] = [&old, &both].map(cookie);
    assert_eq!([&old, &both, &new].map(|server| knows(server, &by_old)), [true, true, false]);
    assert_eq!([&old, &both, &new].map(|server| knows(server, &by_both)), [false, true, true]);
}

#[test]
fn section_5_a_secret_is_rolled_over_by_reloads_and_nobody_loses_a_cookie_in_time() {
    let mut server = serving(OLD);
    let by_old = cookie(&server);
    let mut by_new = None;
    // The stages of RFC 9018 section 5: the new one is known everywhere, then it is used, then the old one goes.
    for (secrets, old_is_good) in
        [(format!("{OLD}\n{NEW}"), true), (format!("{NEW}\n{OLD}"), true), (NEW.into(), false)]
    {
        server.reload("secrets", &secrets);
        assert_eq!(knows(&server, &by_old), old_is_good, "{secrets}");
        if secrets.starts_with(NEW) {
            assert!(knows(&server, by_new.get_or_insert(cookie(&server))), "{secrets}");
        } else {
            assert!(!knows(&serving(NEW), &cookie(&server)), "the new one is used before everybody knows it");
        }
    }
    let log = server.server.log();
    assert!(log.contains("[server] cookie secrets changed") && !log.contains("restart"), "{log}");
}

#[test]
fn section_5_without_a_file_each_process_has_a_secret_of_its_own() {
    let [one, other] = [(); 2].map(|()| Serving::with(""));
    let cookie = cookie(&one);
    assert!(knows(&one, &cookie) && !knows(&other, &cookie));
}
