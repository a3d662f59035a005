//! One attempt to tell somebody. It waits: for threads that may.

use super::message::Message;
use crate::command::Running;
use crate::config::{Notify, Recipient, Webhook};
use crate::limits::{COMMAND_OUTPUT_MAX, NOTIFY_ANSWER_SHOWN};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::time::{Duration, SystemTime};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Tells somebody once; `number` names the message, also when it is told again.
///
/// # Errors
/// Why it was not taken, for people.
pub fn deliver(notify: &Notify, number: u64, message: &Message) -> Result<(), String> {
    match &notify.to {
        Recipient::Webhook(webhook) => post(webhook, notify.timeout, number, message),
        Recipient::Command(words) => run(words, notify.timeout, number, message),
    }
}

/// A POST, signed as standardwebhooks.com has it: HMAC-SHA-256 over number, time and body.
fn post(webhook: &Webhook, timeout: Duration, number: u64, message: &Message) -> Result<(), String> {
    let trusted = || -> Option<RootCerts> {
        let chain = CertificateDer::pem_slice_iter(&webhook.ca.as_ref()?.bytes);
        let certificates = chain.filter_map(|der| Some(Certificate::from_der(&der.ok()?).to_owned()));
        Some(certificates.collect::<Vec<_>>().into())
    };
    let tls = TlsConfig::builder().root_certs(trusted().unwrap_or(RootCerts::WebPki)).build();
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("edgesteer/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .into();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let request = agent
        .post(&webhook.url)
        .header("content-type", "application/json")
        .header("webhook-id", number.to_string())
        .header("webhook-timestamp", now.to_string());
    let request = match &webhook.secret {
        Some(secret) => request.header("webhook-signature", signature(secret, number, now, &message.body)),
        None => request,
    };
    let mut answer = request.send(message.body.as_bytes()).map_err(|error| format!("{}: {error}", webhook.origin()))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let body = answer.body_mut().with_config().limit(COMMAND_OUTPUT_MAX as u64).read_to_vec().unwrap_or_default();
    Err(format!("{} answered {}: \"{}\"", webhook.origin(), answer.status(), shown(&body)))
}

fn signature(secret: &[u8], number: u64, now: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{number}.{now}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

/// A program that reads the message; exit code 0 takes it.
fn run(words: &[String], timeout: Duration, number: u64, message: &Message) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let environment = [("EDGESTEER_NOTIFICATION", number.to_string())];
        let ended = tokio::time::timeout(timeout, async {
            Running::start(words, &environment, message.body.clone().into_bytes()).await?.end().await
        });
        let ended = ended.await.map_err(|_| format!("{} did not end in time", words[0]))?;
        let ended = ended.map_err(|error| format!("{}: {error}", words[0]))?;
        match ended.status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("{} ended with {status}: \"{}\"", words[0], shown(&ended.printed))),
            None => Err(format!("{} printed too much: \"{}\"", words[0], shown(&ended.printed))),
        }
    })
}

/// The beginning of what somebody said, as printable characters.
fn shown(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(&octets[..octets.len().min(NOTIFY_ANSWER_SHOWN)]);
    text.trim().escape_debug().to_string()
}
