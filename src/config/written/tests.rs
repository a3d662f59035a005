use super::super::load::judge;
use super::*;
use std::path::Path;

fn shown(text: &str) -> serde_json::Value {
    let (config, _) = judge(Path::new("edgesteer.toml"), text.to_owned()).unwrap_or_else(|errors| panic!("{errors}"));
    serde_json::to_value(&*config.written).unwrap()
}

const MINIMAL: &str = include_str!("../../../tests/contract/minimal.toml");

#[test]
fn what_is_written_is_shown_but_for_secrets_and_comments() {
    let hash = "0123456789abcdef".repeat(4);
    let text = format!(
        "{MINIMAL}steering = {{ weighted = {{ seoul = 3, dublin = 0x10 }} }}\n\n[token.kim]  # once {hash}\nrole = \"read\"\nsha256 = \"{hash}\"\n\
         [pool.busan]\nlocation = [35.1, 129.0]\nendpoints = {{ access = [\"192.0.2.99\"] }}\n"
    );
    let shown = shown(&text);
    assert_eq!(shown["token"]["kim"], serde_json::json!({ "role": "read", "sha256": HIDDEN }));
    assert_eq!(shown["pool"]["seoul"]["endpoints"][0], "192.0.2.10");
    assert_eq!(shown["pool"]["busan"]["location"], serde_json::json!([35.1, 129.0]));
    assert_eq!(shown["service"]["federation"]["steering"]["weighted"]["dublin"], 16);
    assert!(!shown.to_string().contains(&hash), "{shown}");
}

#[test]
fn long_lists_are_cut_and_counted() {
    let domains: Vec<String> = (0..CONFIG_ITEMS_SHOWN + 7).map(|i| format!("\"d{i}.contoso.com\"")).collect();
    let text = MINIMAL.replace("domains = [\"contoso.com\"]", &format!("domains = [{}]", domains.join(",")));
    let shown = shown(&text);
    let list = shown["service"]["federation"]["domains"].as_array().unwrap();
    assert_eq!((list.len(), list.last().unwrap()), (CONFIG_ITEMS_SHOWN + 1, &"and 7 more".into()));
}
