//! Every lint has a page, every page is true: its example is refused or warned of with that code alone, in the words of the
//! golden beside this file, and what the contract has is silent.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use edgesteer::config::{PAGES, Severity, codes, load};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PAGES_DIRECTORY: &str = "docs/lints";
/// What an example leaves out.
const BASE: &[(&str, &str)] = &[
    ("[zone.\"contoso.com\"]", "ns = { \"ns1.contoso.com\" = [\"192.0.2.53\"] }"),
    ("[pool.seoul]", "location = \"KR\"\nfqdn = \"access-seoul.contoso.com\"\nendpoints = [\"192.0.2.10\"]"),
    ("[pool.dublin]", "location = \"IE\"\nfqdn = \"access-dublin.contoso.com\"\nendpoints = [\"198.51.100.10\"]"),
    ("[service.federation]", "kind = \"sip-federation\"\ndomains = [\"contoso.com\"]\npools = [\"seoul\", \"dublin\"]"),
];
/// Errors about federation itself have pages like warnings.
const ERRORS: &[&str] = &["aliased-target", "bad-ttl", "duplicate-fqdn", "record-clash"];

/// The text between a fence of this language and its end.
fn block<'a>(page: &'a str, language: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("```{language}\n"))?;
    rest.split_once("```").map(|(block, _)| block)
}

/// What is said of the configuration of an example, with the files by their bare names.
fn said(example: &str, zone: Option<&str>) -> (BTreeSet<&'static str>, String) {
    let directory = tempfile::tempdir().unwrap();
    let lacking = BASE.iter().filter(|(header, _)| !example.lines().any(|line| line == *header));
    let base: String = lacking.map(|(header, keys)| format!("\n{header}\n{keys}\n")).collect();
    let path = directory.path().join("edgesteer.toml");
    std::fs::write(&path, format!("{example}{base}")).unwrap();
    zone.into_iter().for_each(|zone| std::fs::write(directory.path().join("contoso.com.zone"), zone).unwrap());
    let found = load(&path).map_or_else(|errors| errors, |(_, warnings)| warnings);
    let text = found.to_string().replace(&format!("{}/", directory.path().display()), "");
    (found.iter().map(|found| found.code).collect(), text)
}

#[test]
fn each_example_fires_its_lint_alone_in_the_words_of_its_golden() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (code, page) in PAGES {
        let Some(example) = block(page, "toml") else {
            let live = codes::LIVE.iter().find(|live| live.name == *code);
            let live = live.unwrap_or_else(|| panic!("{code}: its page has no example in toml"));
            let severity = if live.severity == Severity::Error { "error" } else { "warning" };
            let shown = block(page, "text").unwrap_or_default();
            assert!(shown.starts_with(&format!("{severity}[{code}]: ")), "{code}: its page shows no finding");
            continue;
        };
        let (codes, text) = said(example, block(page, "zone"));
        assert_eq!(codes, BTreeSet::from([*code]), "{text}");
        let golden = PathBuf::from(format!("tests/lints/{code}.stderr"));
        if update {
            std::fs::write(&golden, &text).unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "not as the golden has it:\n\n{}", wrong.join("\n"));
}

#[test]
fn every_lint_has_a_page_and_every_page_a_lint() {
    let warnings = codes::ALL.iter().filter(|code| code.severity == Severity::Warning).map(|code| code.name);
    let live = codes::LIVE.iter().map(|code| code.name);
    let wanted: BTreeSet<&str> = warnings.chain(live).chain(ERRORS.iter().copied()).collect();
    let embedded: BTreeSet<&str> = PAGES.iter().map(|(code, _)| *code).collect();
    assert_eq!(embedded, wanted);
    let files = std::fs::read_dir(PAGES_DIRECTORY).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    let named: BTreeSet<String> = wanted.iter().map(|code| (*code).to_owned()).chain(["README".to_owned()]).collect();
    assert_eq!(files, named);
    let goldens = std::fs::read_dir("tests/lints").unwrap().map(|entry| entry.unwrap().path());
    for golden in goldens.filter(|path| path.extension().is_some_and(|end| end == "stderr")) {
        assert!(embedded.contains(golden.file_stem().unwrap().to_str().unwrap()), "{} has no page", golden.display());
    }
}

#[test]
fn pages_have_one_form() {
    let index = std::fs::read_to_string(Path::new(PAGES_DIRECTORY).join("README.md")).unwrap();
    for (code, page) in PAGES {
        let known = codes::ALL.iter().chain(codes::LIVE).find(|known| known.name == *code).unwrap();
        let severity = if known.severity == Severity::Error { "Error" } else { "Warning" };
        let head = format!("# {code}\n\n{}\n\n{severity}. Found by `edgesteer check", known.meaning);
        assert!(page.starts_with(&head), "{code}: its page begins otherwise than\n{head}");
        let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, ["Why", "Example", "Remedy", "Source"], "{code}");
        let parts: Vec<&str> = page.split("\n## ").skip(1).collect();
        assert!(parts.iter().all(|part| part.lines().count() > 2), "{code}: a section is empty");
        assert!(index.contains(&format!("| [{code}]({code}.md) | {} |", known.meaning)), "{code} is not in the index");
        for (_, link) in
            page.match_indices("](").map(|(at, _)| page[at + 2..].split_once(')').unwrap()).map(|(l, r)| (r, l))
        {
            assert!(Path::new(PAGES_DIRECTORY).join(link).exists(), "{code}: {link} leads nowhere");
        }
    }
}

#[test]
fn the_contract_is_silent() {
    let directory = tempfile::tempdir().unwrap();
    let files = [
        ("minimal.toml", include_str!("../contract/minimal.toml"), &[][..]),
        ("contoso.toml", include_str!("../contract/contoso.toml"), &[]),
        // Its check by TCP is what it was asked for.
        ("hosting.toml", include_str!("../contract/hosting.toml"), &["weak-check"]),
        ("overrides.csv", "203.0.113.0/24,KR\n", &[]),
        ("contoso.com.zone", "www A 192.0.2.80\n", &[]),
        ("domains.txt", include_str!("../contract/domains.txt"), &[]),
    ];
    files.iter().for_each(|(name, text, _)| std::fs::write(directory.path().join(name), text).unwrap());
    for (name, _, expected) in files.iter().filter(|(name, ..)| name.ends_with(".toml")) {
        let (_, warnings) = load(&directory.path().join(name)).unwrap_or_else(|errors| panic!("{errors}"));
        let codes: Vec<&str> = warnings.iter().map(|found| found.code).collect();
        assert_eq!(codes, *expected, "{name}: {warnings}");
    }
}
