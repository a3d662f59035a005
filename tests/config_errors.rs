//! Every configuration in `tests/config_errors` gives exactly the diagnostics beside it, and every code has a golden.
//!
//! `lints/pages.rs` holds the pages of lints to what is said.
//!
//! `UPDATE_GOLDEN=1 cargo test --test config_errors` writes the goldens anew; read the difference before you commit it.

#[path = "lints/pages.rs"]
mod pages;

use edgesteer::config::{codes, load};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const CASES: &str = "tests/config_errors";

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(CASES).expect("the cases").map(|entry| entry.expect("a case").path());
    let mut cases: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    cases.sort();
    cases
}

/// What a checkout makes of modes differs; some cases depend on them.
fn set_modes() {
    for (file, mode) in [
        ("server_key.pem", 0o600),
        ("exposed_key.pem", 0o644),
        ("dns.secrets", 0o644),
        ("transfers.base64", 0o644),
        ("transfers.key", 0o644),
        ("transfers.short", 0o644),
    ] {
        std::fs::set_permissions(Path::new(CASES).join(file), Permissions::from_mode(mode)).expect("our own file");
    }
}

fn said(path: &Path) -> String {
    set_modes();
    match load(path) {
        Ok((_, warnings)) => warnings.to_string(),
        Err(errors) => {
            assert!(errors.errors() > 0, "{}: refused without an error", path.display());
            errors.to_string()
        }
    }
}

#[test]
fn every_case_says_what_its_golden_says() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let golden = case.with_extension("stderr");
        let got = said(&case);
        if update {
            std::fs::write(&golden, &got).unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != got {
            wrong.push(format!("{}:\n{got}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "not as the golden has it:\n\n{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_golden() {
    let said: String = cases().iter().map(|case| said(case)).collect();
    let lacking: Vec<_> =
        codes::ALL.iter().map(|code| code.name).filter(|name| !said.contains(&format!("[{name}]"))).collect();
    assert!(lacking.is_empty(), "no golden shows {lacking:?}");
}

#[test]
fn every_code_is_kebab_case_and_stands_once() {
    let mut seen = BTreeMap::new();
    for code in codes::ALL {
        assert!(code.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", code.name);
        assert_eq!(seen.insert(code.name, ()), None, "{} stands twice", code.name);
    }
}

#[test]
fn every_finding_names_its_place_and_a_remedy() {
    for case in cases() {
        let said = said(&case);
        assert!(!said.is_empty(), "{} provokes nothing", case.display());
        for finding in said.split("\n\n").filter(|finding| finding.contains("[")) {
            let place = finding.lines().nth(1).unwrap_or_default().trim();
            let position: Vec<_> = place.rsplit(':').take(2).filter(|n| n.parse::<u32>().is_ok()).collect();
            assert!(place.starts_with("--> tests/config_errors/") && position.len() == 2, "{finding}");
            assert!(finding.contains("= help: "), "{finding}");
        }
    }
}
