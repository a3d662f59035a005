//! Two SRV names that peers mix, as those of XMPP (XEP-0368): both must lead to the same pool, so one service serves them.

use crate::config::codes;
use crate::config::records::Record;
use crate::config::report::Report;
use crate::config::service;
use crate::federation::KINDS;
use crate::name::{Name, Prefix, parent};

/// The two names of a kind.
struct Pair {
    plain: Prefix,
    direct: Prefix,
}

/// Every pair.
fn pairs() -> impl Iterator<Item = Pair> {
    let prefix = |text| Prefix::parse(text).ok();
    KINDS.iter().filter_map(move |kind| {
        Some(Pair { plain: prefix(kind.srv.first()?.prefix)?, direct: prefix(kind.direct_tls.as_ref()?.prefix)? })
    })
}

impl Pair {
    /// Whether a service has the first name, and whether it has the second.
    fn of(&self, service: &service::Draft) -> (bool, bool) {
        let owners = service.owners();
        let has = |prefix: &Prefix| owners.srv.iter().any(|(owner, _)| owner == prefix);
        (has(&self.plain), has(&self.direct))
    }
}

/// Warns of a second name that another service serves for the same domain.
pub(super) fn services(all: &[service::Draft], report: &Report) {
    for pair in pairs() {
        let having = |what| all.iter().filter(|service| pair.of(service) == what).collect::<Vec<_>>();
        let (lone, others) = (having((true, false)), having((false, true)));
        for (lone, other) in lone.iter().flat_map(|lone| others.iter().map(move |other| (*lone, *other))) {
            let shared = other.domains.names.iter().find(|domain| lone.domains.find(domain).is_some());
            let place = other.srv.get().and_then(|srv| srv.owner.at());
            if let Some((domain, place)) = shared.zip(place) {
                let title = title(&pair.direct, &Name::from_wire(domain), lone);
                report.add(place.span, codes::XMPPS_PARITY, title, "another service", remedy(lone));
            }
        }
    }
}

/// Warns of a second name that stands in a master file.
pub(super) fn stored(owner: &Name, record: &Record, all: &[service::Draft], report: &Report) {
    // The root says that there is no such service (RFC 2782), and peers go on with the first name.
    if record.target().is_some_and(|target| target == Name::root()) {
        return;
    }
    let Some(domain) = parent(owner.wire()).and_then(parent) else { return };
    for pair in pairs().filter(|pair| owner.wire().strip_prefix(pair.direct.wire()) == Some(domain)) {
        let lone =
            |service: &&service::Draft| pair.of(service) == (true, false) && service.domains.find(domain).is_some();
        if let Some(lone) = all.iter().find(lone) {
            let title = title(&pair.direct, &Name::from_wire(domain), lone);
            report.add(record.owner.span, codes::XMPPS_PARITY, title, "nothing moves it", remedy(lone));
        }
    }
}

fn title(direct: &Prefix, domain: &Name, lone: &service::Draft) -> String {
    format!("{direct}.{domain} stays where it is when the service {} moves", lone.name.value)
}

fn remedy(lone: &service::Draft) -> String {
    let name = &lone.name.value;
    format!(
        "remove it here, and write direct_tls = true in [service.{name}], of kind = \"xmpp\": peers mix both names, so they move as one"
    )
}
