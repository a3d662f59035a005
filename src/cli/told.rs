//! What a running server tells as JSON, in words for people. Pure.

use serde_json::Value;

/// The items of a list; none where it is no list.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text, or what stands for none.
pub(super) fn word(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

/// The texts of a list; nobody's name where it is empty.
pub(super) fn names(value: &Value) -> String {
    let names = list(value).map(word).collect::<Vec<_>>().join(" ");
    if names.is_empty() { "nobody".to_owned() } else { names }
}

/// What happened, of an event or a line of the trail, and the words that tell it.
pub(super) fn happened(told: &Value) -> String {
    let (what, reason) = (told["what"].as_str().unwrap_or("-"), told["reason"].as_str().unwrap_or_default());
    let detail = told["detail"].as_object().into_iter().flatten();
    let detail = detail.filter(|(_, value)| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    let detail: Vec<String> = detail.map(|(name, value)| format!("{name}={}", plain(value))).collect();
    format!("{what}: {reason} {}", detail.join(" ")).trim_end().to_owned()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// An event in a line: what it is about goes before why. `None` where the events around it say the same.
pub(super) fn briefly(event: &Value) -> Option<String> {
    let detail = &event["detail"];
    let about = match event["what"].as_str() {
        Some("publish") => return None,
        Some("verdict") => format!(" {} {}", word(&detail["address"]), word(&detail["state"])),
        Some("move") => {
            format!(" {}: {} -> {}", word(&detail["service"]), names(&detail["from"]), names(&detail["to"]))
        }
        _ => detail["subject"].as_str().map_or(String::new(), |subject| format!(" {subject}")),
    };
    Some(format!("{}{about}: {}", word(&event["what"]), word(&event["reason"])))
}
