//! Who may ask for what; pure. Refused is what comes through a browser from a page of others, what is asked of another name
//! than ours, and whoever shows no token where one is needed.
//!
//! | path | no token configured, on loopback | some are, or beyond loopback |
//! |---|---|---|
//! | `/healthz`, `/readyz`, what holds no data | anybody | anybody |
//! | `/metrics`, `/api/...` by GET | anybody | a token |
//! | any other method | a token that operates | a token that operates |
//!
//! Where clients' certificates are asked for (`client_ca`), all but `/healthz` and `/readyz` needs one as well: it is a gate, and no
//! role. The token of this machine (`local`) operates. Tokens are compared by their hashes, each whole and all of them, so that
//! time tells nothing.

use super::Problem;
use crate::config::{Role, Token};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use ring::digest::{SHA256, digest};
use std::net::{IpAddr, SocketAddr};

/// What is known of those who may ask.
#[derive(Clone, Debug, Default)]
pub struct Access {
    tokens: Vec<Token>,
    /// Names under which the listener is reached, beside its addresses.
    hosts: Vec<String>,
    /// Whether clients must show a certificate.
    certified: bool,
}

/// The name of this machine's own token, which no token of a configuration has.
pub(super) const LOCAL: &str = "local";

/// Who asks, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Who {
    /// The name of the token that was shown.
    pub(super) token: Option<String>,
}

/// A request as it is judged.
pub(super) struct Request<'r> {
    pub(super) method: &'r Method,
    pub(super) uri: &'r Uri,
    pub(super) fields: &'r HeaderMap,
    /// Whether its connection has shown a client's certificate.
    pub(super) is_certified: bool,
}

impl Access {
    /// These tokens, and these names of the listener in lower case.
    pub fn new(tokens: &[Token], hosts: &[String]) -> Self {
        Self { tokens: tokens.to_vec(), hosts: hosts.to_vec(), certified: false }
    }

    /// The same; `certified` says whether clients must show a certificate.
    #[must_use]
    pub(super) fn gated(self, certified: bool) -> Self {
        Self { certified, ..self }
    }

    /// Whether clients must show a certificate.
    pub(super) fn is_gated(&self) -> bool {
        self.certified
    }

    /// Whether anybody on this machine may look, because no token is configured.
    pub(super) fn is_free(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Judges a request to the listener at `listen`; `local` is the hash of this machine's own token.
    pub(super) fn judge(
        &self,
        request: &Request<'_>,
        listen: SocketAddr,
        local: Option<&[u8; 32]>,
    ) -> Result<Who, Problem> {
        self.for_us(request, listen)?;
        self.certified(request)?;
        of_our_pages(request)?;
        let shown = request.field(header::AUTHORIZATION).map(|text| self.shown(text, local)).transpose()?;
        let reads = request.method == Method::GET || request.method == Method::HEAD;
        let wanted = if reads { Role::Read } else { Role::Operate };
        match shown {
            Some((name, role)) if role >= wanted => Ok(Who { token: Some(name) }),
            Some((name, _)) => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "token-reads-only",
                format!("the token {name} may look, and give no orders"),
                "use one with the role \"operate\"",
            )),
            None if reads && (self.is_free() && listen.ip().is_loopback() || !request.has_data()) => Ok(Who::default()),
            None => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "token-needed",
                "this needs a token",
                "send it as Authorization: Bearer TOKEN; on this machine `edgesteer token local` prints one, and \
                 `edgesteer token new NAME` makes one for the configuration",
            )),
        }
    }

    /// A page of others whose name leads here must not speak for whoever looks at it (DNS rebinding).
    fn for_us(&self, request: &Request<'_>, listen: SocketAddr) -> Result<(), Problem> {
        let host = request.host().unwrap_or_default();
        if is_address_of(host, listen) || self.hosts.iter().any(|name| *name == name_of(host)) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong-host",
            format!("the field Host says {host:?}, which is not this listener"),
            format!("ask {listen}, or put the name into admin_hosts under [server]"),
        ))
    }

    fn certified(&self, request: &Request<'_>) -> Result<(), Problem> {
        if !self.certified || request.is_certified || ["/healthz", "/readyz"].contains(&request.uri.path()) {
            return Ok(());
        }
        let detail = "this needs a certificate of yours, from an authority of client_ca";
        let next = "commands take it as --cert FILE --key FILE, a browser from its own store";
        Err(Problem::new(StatusCode::FORBIDDEN, "certificate-needed", detail, next))
    }

    /// Whose token was shown, and what it is good for.
    fn shown(&self, field: &str, local: Option<&[u8; 32]>) -> Result<(String, Role), Problem> {
        let text = field.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let hash = text.map(|(_, token)| digest(&SHA256, token.trim().as_bytes()));
        let is_it = |known: &[u8; 32]| hash.as_ref().is_some_and(|hash| is_equal(hash.as_ref(), known));
        let own = local.filter(|local| is_it(local)).map(|_| (LOCAL.to_owned(), Role::Operate));
        let given = self.tokens.iter().fold(None, |found, token| {
            let is_it = is_it(&token.sha256);
            found.or(is_it.then(|| (token.name.clone(), token.role)))
        });
        given.or(own).ok_or_else(|| {
            let next = "`edgesteer token local` prints that of this machine, which is another after each start; \
                        SIGHUP takes over those of the configuration";
            Problem::new(StatusCode::UNAUTHORIZED, "token-unknown", "nobody has that token", next)
        })
    }
}

impl Request<'_> {
    fn field(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.fields.get(name).map(|value| value.to_str().unwrap_or("?"))
    }

    fn host(&self) -> Option<&str> {
        self.field(header::HOST).or_else(|| self.uri.authority().map(|authority| authority.as_str()))
    }

    /// Whether what is asked for tells anything of the world.
    fn has_data(&self) -> bool {
        let path = self.uri.path();
        path == "/metrics" || path.starts_with("/api/")
    }
}

/// What a browser sends for a page of others is refused; programs say nothing of the kind.
fn of_our_pages(request: &Request<'_>) -> Result<(), Problem> {
    let reads = request.method == Method::GET || request.method == Method::HEAD;
    let from = request.field("sec-fetch-site");
    let is_other_site = from.is_some_and(|site| site != "same-origin" && site != "none");
    let origin = request.field(header::ORIGIN).filter(|_| !reads);
    let own = |origin: &str| origin.split_once("://").map(|(_, authority)| authority) == request.host();
    if (is_other_site && (!reads || request.has_data())) || origin.is_some_and(|origin| !own(origin)) {
        let whose = origin.or(from).unwrap_or_default();
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "cross-site",
            format!("a page of another site ({whose}) sent this"),
            "open this listener's own page, or use a program",
        ));
    }
    Ok(())
}

/// Whether a Host field says the address that is listened on. Only names can be made to lead elsewhere, so any address will do
/// where all are listened on.
fn is_address_of(host: &str, listen: SocketAddr) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let ip = host.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| bare.parse::<IpAddr>());
    match ip {
        Ok(ip) => listen.ip().is_unspecified() || ip == listen.ip() || ip.is_loopback() && listen.ip().is_loopback(),
        Err(_) => listen.ip().is_loopback() && name_of(host) == "localhost",
    }
}

/// The name of a Host field, without its port.
fn name_of(host: &str) -> String {
    host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase()
}

/// Takes as long whether they differ at the beginning, at the end or nowhere.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
