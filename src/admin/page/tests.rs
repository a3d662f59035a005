use super::*;
use axum::http::HeaderValue;

const HTML: &str = include_str!("index.html");

#[test]
fn a_file_that_a_browser_has_is_not_sent_again() {
    let first = file(0, &HeaderMap::new());
    assert_eq!(first.status(), StatusCode::OK);
    let tag = first.headers()[header::ETAG].clone();
    let known = |tag: HeaderValue| file(0, &HeaderMap::from_iter([(header::IF_NONE_MATCH, tag)]));
    assert_eq!(known(tag).status(), StatusCode::NOT_MODIFIED);
    assert_eq!(known(HeaderValue::from_static("\"another\"")).status(), StatusCode::OK);
    let tags: std::collections::BTreeSet<_> = (0..FILES.len()).map(super::tag).collect();
    assert_eq!(tags.len(), FILES.len(), "each file has a tag of its own");
}

#[test]
fn nothing_in_the_page_needs_what_its_policy_forbids() {
    assert_eq!(file(0, &HeaderMap::new()).headers()[header::CONTENT_SECURITY_POLICY], POLICY);
    assert!(!POLICY.contains("unsafe"), "{POLICY}");
    // As in onclick="...".
    let handles = |word: &str| word.strip_prefix("on").and_then(|rest| rest.split_once('=')).is_some();
    for line in HTML.lines() {
        let inline = line.contains("<style") || line.contains(" style=") || line.split_whitespace().any(handles);
        assert!(!inline, "inline: {line}");
        assert!(!line.contains("<script") || line.contains(" src="), "inline: {line}");
    }
    for (path, kind, content) in FILES.iter().filter(|(path, ..)| *path != "/page/world.json") {
        // The one name that is no address: how SVG elements are made.
        let addresses = content.replace("http://www.w3.org/2000/svg", "");
        assert!(!addresses.contains("http://") && !addresses.contains("https://"), "{path} asks others");
        if *kind == SCRIPT {
            for hole in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("] {
                assert!(!content.contains(hole), "{path} uses {hole}: text of others would become markup");
            }
        }
    }
}

#[test]
fn the_page_asks_for_files_that_there_are() {
    let paths: Vec<&str> = FILES.iter().map(|(path, ..)| *path).collect();
    let quoted =
        |text: &'static str| text.split(['"', '`']).filter(|part| part.starts_with("/page/") || part.starts_with("./"));
    for (_, _, content) in FILES.iter().filter(|(path, ..)| *path != "/page/world.json") {
        for asked in quoted(content) {
            let full = asked.replace("./", "/page/");
            assert!(paths.contains(&full.as_str()), "{asked} is no file of the page");
        }
    }
}

#[test]
fn the_map_is_small_and_has_the_countries_of_the_database() {
    let text = FILES.iter().find(|(path, ..)| *path == "/page/world.json").unwrap().2;
    assert!(text.len() < 150_000, "{}", text.len());
    let world: serde_json::Value = serde_json::from_str(text).unwrap();
    for code in ["KR", "IE", "US", "SG", "MT", "XK"] {
        assert!(world["countries"][code][0].is_string(), "{code} is missing");
    }
}
