//! Ports: a check asks where partners come, and an SRV name of a known kind leads to the port that this kind is served on.

use crate::config::check;
use crate::config::codes;
use crate::config::reader::Field;
use crate::config::report::Report;
use crate::config::service::{self, CheckRef};
use crate::config::source::At;

/// Warns of one service, whose check may be the named one.
pub(super) fn advise(service: &service::Draft, named: Option<&check::Draft>, report: &Report) {
    asked(service, named, report);
    let Some(srv) = service.srv.get() else { return };
    let known = srv.owner.get().and_then(|owner| Some((owner, super::known(owner.labels())?)));
    let Some((owner, (kind, port))) = known else { return };
    if let Some(given) = srv.port.at().filter(|given| given.value != port) {
        let title = format!("{owner} leads to port {}", given.value);
        let (who, name) = (kind.summary, kind.name);
        let help = format!("write port = {port}, where {who} are expected to come, or use kind = \"{name}\"");
        report.add(given.span, codes::STRANGE_PORT, title, "", help);
    }
}

/// The port that is probed is one to which partners are sent.
fn asked(service: &service::Draft, named: Option<&check::Draft>, report: &Report) {
    let Some(kind) = service.kind.get() else { return };
    let (check, reference) = match (&service.check, named) {
        (Field::Given(At { value: CheckRef::Inline(check), .. }), _) => (&**check, None),
        (Field::Given(at), Some(check)) => (check, Some(at.span)),
        _ => return,
    };
    let asks = check.kind_or(kind.check.as_ref());
    let Some(port) = check.port.at().filter(|_| asks.is_some_and(|asks| asks.needs_port())) else { return };
    let mut sent: Vec<u16> = service.owners().srv.iter().map(|(_, port)| *port).collect();
    sent.dedup();
    let (verb, ports) =
        if sent.is_empty() { ("clients come to", kind.peers.ports) } else { ("the SRV sends partners to", &*sent) };
    let Some(first) = ports.first().filter(|_| !ports.contains(&port.value)) else { return };
    let title = format!("the check asks port {}, and {verb} port {first}", port.value);
    let help = format!("write port = {first}: a pool whose port {first} is dead would pass for live");
    report.add(reference.unwrap_or(port.span), codes::STRANGE_PORT, title, "", help);
}
