//! Run-book B: which Edge pool is the XMPP gateway (federation.md 2, B).

use super::page::Page;
use super::{Case, Site};

pub(super) fn write(case: &Case<'_>, edge: usize, page: &mut Page) {
    let name = &case.edge(edge).name;
    let sites = &case.organisation.sites;
    let said = sites.iter().any(|site| site.xmpp.is_some());
    let routed: Vec<&Site> = sites.iter().filter(|site| site.xmpp == Some(edge)).collect();
    page.heading(2, &format!("B. XMPP federation leaves {name}"));
    if said && routed.is_empty() {
        page.say(&format!("Not needed: the configuration says that {name} is no site's XMPP gateway."));
        return;
    }
    if !said && case.organisation.service("xmpp").is_none() {
        page.say("Not needed: no service of the kind \"xmpp\" is configured, and no site names its XMPP gateway.");
        return;
    }
    if !said {
        let blank = page.blank("site whose XMPP gateway it is", "`xmpp` under each `[site.NAME]`");
        page.say(&format!("Needed where {name} is the XMPP gateway of {blank}: the configuration does not say."));
    }
    steps(case, edge, &routed, page);
}

fn steps(case: &Case<'_>, edge: usize, routed: &[&Site], page: &mut Page) {
    let survivor = case.organisation.survivor(case.lost, "xmpp");
    let to = case.called(survivor);
    let fqdn = page.internal_of(survivor.map(|survivor| case.edge(survivor)));
    page.say(
        "For Lync Server 2013 and Skype for Business Server 2015; Skype for Business Server 2019 has no XMPP gateway.",
    );
    page.warn(&format!("Steps 1 to 6 stop *every* Edge service of {to}: its SIP federation and remote users are cut off meanwhile. Stopping one Edge at a time leaves a mixed state that nobody has described. Do this when that may be."));
    page.step(&format!("On each server of the Edge pool {to}:"));
    page.run("Stop-CsWindowsService");
    let identities = match routed.is_empty() {
        true => vec![page.identity(case.organisation.site_of(edge), &case.edge(edge).name)],
        false => routed.iter().map(|site| site.identity.clone()).collect(),
    };
    for identity in identities {
        page.step(&format!("The site **{identity}**: let its XMPP route lead there:"));
        page.run(&format!("Set-CsSite -Identity \"{identity}\" -XmppFederationRoute \"EdgeServer:{fqdn}\""));
    }
    page.warn("Microsoft's disaster recovery page prints `-XmppExternalFederationRoute`; the cmdlet has no such parameter. `-XmppFederationRoute` is what its reference has.");
    dns(case, page);
    page.step(&format!("On each server of the Edge pool {to}:"));
    page.run("Start-CsWindowsService");
    page.step(
        "Verify on the Edge that it listens to the outside (5269) and to the Front Ends (23456), then send a message:",
    );
    page.run(&format!(
        "netstat -ano | findstr \":5269 :23456\"\nTest-CsXmppIM -TargetFqdn \"{fqdn}\" -Receiver \"<somebody@partner>\""
    ));
    page.warn("Inbound DNS alone is no cure: partners verify what you send by dialback at the pool that the SRV names, so both directions move together.");
}

/// Steps 4 to 6 of the page.
fn dns(case: &Case<'_>, page: &mut Page) {
    let by = case.dns.words();
    match case.organisation.service("xmpp") {
        Some(steered) => {
            let domain = &steered.domain;
            page.done(&format!("The address of `xmpp.{domain}` is that of a pool that lives."), &by);
            page.done(&format!("The SRV `_xmpp-server._tcp.{domain}` exists, port 5269."), &by);
            page.done(
                "Port 5269 is open from outside: a pool that does not answer XMPP there is never named.",
                "edgesteer probes it.",
            );
        }
        None => {
            let domain =
                page.blank("domain of XMPP", "a service of `kind = \"xmpp\"`: edgesteer then does the next steps");
            page.step(&format!("In external DNS, give `xmpp.{domain}` the address of the pool that lives."));
            page.step(&format!("See that the SRV `_xmpp-server._tcp.{domain}`, port 5269, exists and names it."));
            page.step("See that port 5269 is open from outside.");
        }
    }
}
