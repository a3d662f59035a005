//! `deploy/edgesteer.toml` is what it says: loadable as it stands, complete, and right about the defaults.

use edgesteer::config::{Config, load, reference};
use edgesteer::demo::ca::{ThrowawayCa, now_valid};
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

const EXAMPLE: &str = include_str!("../deploy/edgesteer.toml");

/// The example with those lines set that a `#` in front of their key or table keeps from it, and how many these are.
/// `wanted` is told whether a line is an example; else it shows the default.
fn set(wanted: impl Fn(bool) -> bool) -> (String, usize) {
    let (mut text, mut count, mut in_example) = (String::new(), 0, false);
    let mut lines = EXAMPLE.lines().peekable();
    while let Some(full) = lines.next() {
        let unset =
            full.strip_prefix('#').filter(|line| line.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()));
        in_example = match unset {
            Some(line) => in_example || line.starts_with('['),
            None => in_example && !full.is_empty(),
        };
        // What belongs to a key may stand on the line below it.
        let below = lines.peek().filter(|line| line.starts_with(' ')).copied().unwrap_or_default();
        let is_example = in_example || full.contains("example;") || below.contains("example;");
        let taken = unset.filter(|_| wanted(is_example));
        count += usize::from(taken.is_some());
        text += taken.unwrap_or(full);
        text.push('\n');
    }
    (text, count)
}

/// Loads a text with every file beside it that the example names; neither errors nor warnings are allowed.
fn loaded(text: &str) -> (Config, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let ca = ThrowawayCa::new().expect("an authority");
    let probe = ca.issue(&["probe.example.com"], now_valid()).expect("a certificate");
    let server = ca.issue(&["ns1.example.com"], now_valid()).expect("a certificate");
    let files = [
        ("ca.pem", ca.pem()),
        ("chain.pem", &server.certificate_pem()),
        ("probe.pem", &probe.certificate_pem()),
        ("overrides.csv", "203.0.113.0/24,KR\n"),
        ("domains.txt", "fabrikam.example\n"),
        ("example.com.zone", "@ MX 10 mail\nmail A 192.0.2.25\n"),
        ("edgesteer.toml", text),
    ];
    for (name, content) in files {
        std::fs::write(directory.path().join(name), content).expect("a file in the temporary directory");
    }
    for (name, content) in [
        ("key.pem", &*server.key_pem()),
        ("probe.key", &probe.key_pem()),
        ("cookie.secret", "e5e973e5a6b2a43f48e7dc849e37bfcf\n"),
        ("webhook.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"),
        ("transfer.secret", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"),
    ] {
        let secret = directory.path().join(name);
        std::fs::write(&secret, content).expect("a file in the temporary directory");
        std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("our own file");
    }
    match load(&directory.path().join("edgesteer.toml")) {
        Ok((config, warnings)) => {
            // Checks are shown that no service there uses.
            assert!(warnings.iter().all(|warning| warning.code == "unused-check"), "{warnings}");
            (config, directory)
        }
        Err(errors) => panic!("{errors}"),
    }
}

#[test]
fn it_loads_without_errors_or_warnings() {
    match load(Path::new("deploy/edgesteer.toml")) {
        Ok((_, warnings)) => assert!(warnings.is_empty(), "{warnings}"),
        Err(errors) => panic!("{errors}"),
    }
}

#[test]
fn its_defaults_are_the_defaults() {
    let (text, count) = set(|is_example| !is_example);
    assert!(count >= 20, "only {count} defaults were found: has the form of the example changed?");
    assert_eq!(loaded(&text).0, loaded(EXAMPLE).0);
}

#[test]
fn it_loads_with_everything_set() {
    let (text, count) = set(|_| true);
    assert!(!text.lines().any(|line| line.starts_with("#[")) && count > 40, "{count} lines were set");
    let (config, _files) = loaded(&text);
    assert_eq!(
        config.services.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
        ["federation", "xmpp", "matrix", "ldap", "hosting"]
    );
    assert_eq!(config.partners.len(), 1);
    assert!(config.server.state_dir.is_some() && config.server.tls.is_some());
    assert!(!config.geoip.overrides.is_empty());
}

#[test]
fn it_has_every_key_of_the_grammar() {
    let keys: BTreeSet<&str> = reference().iter().flat_map(|table| &table.keys).map(|entry| entry.name).collect();
    assert!(keys.len() >= 50, "{keys:?}");
    let lacking: Vec<_> = keys.iter().filter(|key| !has(key)).collect();
    assert!(
        lacking.is_empty(),
        "deploy/edgesteer.toml lacks {lacking:?}: add each with its default and one line of meaning"
    );
}

/// Whether a key is set or unset anywhere in the example, by itself, in an inline table or in the name of a table.
fn has(key: &str) -> bool {
    let code = EXAMPLE.lines().filter(|line| !line.starts_with("# "));
    code.into_iter().any(|line| {
        let line = line.trim_start_matches('#');
        let in_name = line.starts_with('[') && line.trim_matches(['[', ']']).split('.').any(|part| part == key);
        let words: Vec<&str> = line.split([' ', '{', ',']).filter(|word| !word.is_empty()).collect();
        in_name || words.windows(2).any(|pair| pair == [key, "="])
    })
}
