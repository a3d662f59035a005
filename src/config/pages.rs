//! What there is to read of a code: the pages of `docs/lints`, as they are in the source tree.

macro_rules! pages {
    ($($code:literal)*) => {
        /// Codes with their pages, Markdown.
        pub const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../../docs/lints/", $code, ".md")))),*];
    };
}

pages! {
    "aliased-target"
    "bad-ttl"
    "certificate-ending"
    "certificate-names"
    "delegation-differs"
    "delegation-missing"
    "duplicate-fqdn"
    "endpoint-silent"
    "glue-differs"
    "group-of-one"
    "lame-delegation"
    "long-ttl"
    "ns-address-unpublished"
    "ordered-federation"
    "outside-alias"
    "outside-astray"
    "outside-silent"
    "outside-ttl"
    "pool-silent"
    "pool-without-location"
    "port-silent"
    "record-clash"
    "single-pool"
    "strange-port"
    "target-outside-domain"
    "target-without-address"
    "ttl-differs"
    "unreachable-rung"
    "unused-check"
    "unused-pool"
    "unused-view"
    "view-of-everybody"
    "weak-check"
    "well-known-elsewhere"
    "well-known-port"
    "xmpps-parity"
}

/// The page of a code; `None` where its message and remedy say all.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(name, _)| *name == code).map(|(_, page)| *page)
}
