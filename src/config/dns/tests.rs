use super::super::load::judge;
use super::super::{CookieSecret, Dns, RateLimit};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

/// `[server]` with these keys and a file of secrets of this content and mode: what it is, or the codes of its errors.
fn read(keys: &str, secrets: &str, mode: u32) -> Result<Dns, Vec<&'static str>> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secrets");
    std::fs::write(&file, secrets).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    match judge(&directory.path().join("edgesteer.toml"), format!("[server]\n{keys}")) {
        Ok((config, _)) => Ok(config.server.dns),
        Err(errors) => Err(errors.iter().map(|error| error.code).collect()),
    }
}

#[test]
fn secrets_are_lines_of_hexadecimal_digits() {
    let (first, second) = ("e5e973e5a6b2a43f48e7dc849e37bfcf", "DD3BDF9344B678B185A6F5CB60FCA715");
    let file = "cookie_secret_file = \"secrets\"";
    for (text, mode, expected) in [
        (first.to_owned(), 0o600, Ok(1)),
        (format!("{first}\n{second}\n"), 0o640, Ok(2)),
        (format!(" {first} \r\n"), 0o600, Ok(1)),
        (format!("{first}\n{second}\n{first}\n"), 0o600, Err(vec!["bad-cookie-secret"])),
        (String::new(), 0o600, Err(vec!["bad-cookie-secret"])),
        (first[1..].to_owned(), 0o600, Err(vec!["bad-cookie-secret"])),
        (format!("{first}00"), 0o600, Err(vec!["bad-cookie-secret"])),
        (first.replace('e', "g"), 0o600, Err(vec!["bad-cookie-secret"])),
        (first.to_owned(), 0o644, Err(vec!["exposed-secret"])),
    ] {
        let read = read(file, &text, mode).map(|dns| dns.cookie_secrets.len());
        assert_eq!(read, expected, "{text:?} {mode:o}");
    }
    let secrets = read(file, &format!("{first}\n{second}"), 0o600).unwrap().cookie_secrets;
    assert_eq!(secrets[1].0[..3], [0xdd, 0x3b, 0xdf]);
    assert_eq!(format!("{:?}", CookieSecret([7; 16])), "CookieSecret", "logs tell nothing");
}

#[test]
fn limits_are_on_unless_switched_off() {
    let rate = |keys| read(keys, "", 0o600).map(|dns| dns.rate_limit);
    let default = RateLimit::default();
    assert_eq!(default.exempt.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.0/8", "::1/128"]);
    assert_eq!(rate(""), Ok(Some(default.clone())));
    assert_eq!(rate("rate_limit = \"off\""), Ok(None));
    let own = RateLimit { per_second: 20, exempt: vec!["192.0.2.0/24".parse().unwrap()], ..default.clone() };
    assert_eq!(rate("[server.rate_limit]\nper_second = 20\nexempt = [\"192.0.2.0/24\"]"), Ok(Some(own)));
    assert_eq!(rate("rate_limit = { exempt = [] }"), Ok(Some(RateLimit { exempt: vec![], ..default })));
}
