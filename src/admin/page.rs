//! The page at `/`: files that are part of the binary. It reads the API like everyone else, and works without the internet.
//!
//! The policy in its head lets it load and ask nothing but this listener, and run no script that is not one of these files.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ring::digest::{SHA256, digest};
use std::sync::OnceLock;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, media type and content of each file.
const FILES: [(&str, &str, &str); 11] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/page/style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
    ("/page/main.js", SCRIPT, include_str!("page/main.js")),
    ("/page/parts.js", SCRIPT, include_str!("page/parts.js")),
    ("/page/map.js", SCRIPT, include_str!("page/map.js")),
    ("/page/ask.js", SCRIPT, include_str!("page/ask.js")),
    ("/page/book.js", SCRIPT, include_str!("page/book.js")),
    ("/page/drill.js", SCRIPT, include_str!("page/drill.js")),
    ("/page/whatif.js", SCRIPT, include_str!("page/whatif.js")),
    ("/page/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("/page/world.json", "application/json", include_str!("page/world.json")),
];

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the page.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.iter().enumerate().fold(Router::new(), |router, (place, (path, ..))| {
        router.route(path, get(move |fields: HeaderMap| async move { file(place, &fields) }))
    })
}

/// A file, or that a browser's copy is still it. It is asked each time, so that an update of the server is seen at once.
fn file(place: usize, asked: &HeaderMap) -> Response {
    let (_, kind, content) = FILES[place];
    let tag = tag(place);
    let known = asked.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let fields = [
        (header::CONTENT_TYPE, kind),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    if is_known { (StatusCode::NOT_MODIFIED, fields).into_response() } else { (fields, content).into_response() }
}

/// The entity tags, each a part of its file's SHA-256.
fn tag(place: usize) -> &'static str {
    static TAGS: OnceLock<Vec<String>> = OnceLock::new();
    let hash = |content: &str| digest(&SHA256, content.as_bytes());
    let hex =
        |content: &str| hash(content).as_ref()[..12].iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    &TAGS.get_or_init(|| FILES.iter().map(|(.., content)| format!("\"{}\"", hex(content))).collect())[place]
}

#[cfg(test)]
mod tests;
