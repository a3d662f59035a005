//! Run-book A: which Edge pool the outbound SIP federation goes through (federation.md 2, A).

use super::page::Page;
use super::{Case, Failback, Site};

pub(super) fn write(case: &Case<'_>, edge: usize, page: &mut Page) {
    let name = &case.edge(edge).name;
    page.heading(2, &format!("A. Outbound SIP federation leaves {name}"));
    let sites = &case.organisation.sites;
    let said = sites.iter().any(|site| site.outbound.is_some());
    let routed: Vec<&Site> = sites.iter().filter(|site| site.outbound == Some(edge)).collect();
    if said && routed.is_empty() {
        page.say(&format!(
            "Not needed: the configuration says that no site's outbound federation goes through {name}."
        ));
        return;
    }
    if !said {
        let blank = page.blank("site whose outbound goes there", "`outbound` under each `[site.NAME]`");
        page.say(&format!("Needed where {name} is the federation Edge of {blank}: the configuration does not say."));
    }
    steps(case, edge, &routed, page);
}

fn steps(case: &Case<'_>, edge: usize, routed: &[&Site], page: &mut Page) {
    let survivor = case.organisation.survivor(case.lost, "sip-federation");
    let (from, to) = (case.called(Some(edge)), case.called(survivor));
    let name = &case.edge(edge).name;
    hold(case, edge, page);
    page.step(&format!("Topology Builder, on a Front End server: **Edge pools**, right-click the lost pool {from}, **Edit Properties**, **General**: clear **Enable federation for this Edge pool (Port 5061)**. **OK**."));
    page.step(&format!("**Edge pools**, right-click the pool that lives, {to}, **Edit Properties**, **General**: tick **Enable federation for this Edge pool (Port 5061)**. **OK**."));
    page.warn("A note of Microsoft's says that this box can be ticked for one pool only; the publish warning on the same page speaks of several active federation Edges, which the SRV must then all list. Clear the one before you tick the other. edgesteer probes 5061 of every pool: one that does not serve it is never answered.");
    page.step("**Action**, **Topology**, **Publish**, **Next**, **Finish**.");
    let fqdn = page.internal_of(survivor.map(|survivor| case.edge(survivor)));
    if routed.is_empty() {
        let identity = page.identity(case.organisation.site_of(edge), name);
        route(&identity, &fqdn, page);
    }
    routed.iter().for_each(|site| route(&site.identity, &fqdn, page));
    page.say("   The cmdlet sets the site's federation route, which is in Topology Builder under the site's **Edit Properties**, **Federation route**. No cmdlet is known that ticks the box of a pool.");
    page.step(&format!("On each server of the Edge pool {to}: **Deployment Wizard**, **Install or Update System**, **Setup or Remove Components**, **Run Again**, **Next**; read the log; **Finish**."));
    page.step("If Front Ends of the lost site still run, do run-book C for their web conferencing and A/V.");
    page.step("Verify; the partner must be on the list of allowed domains. *504 Server time-out* means that the network or the Edge is still not right:");
    page.run(&format!("Test-CsFederatedPartner -TargetFqdn \"{fqdn}\" -Domain \"<domain of a partner>\""));
}

fn route(identity: &str, fqdn: &str, page: &mut Page) {
    page.step(&format!(
        "The site **{identity}**: let its federation route lead to the Edge pool that lives, and publish:"
    ));
    page.run(&format!("Set-CsSite -Identity \"{identity}\" -FederationRoute \"EdgeServer:{fqdn}\""));
}

/// federation.md 2, E: inbound must not come back while the topology names the other Edge.
fn hold(case: &Case<'_>, edge: usize, page: &mut Page) {
    let name = &case.edge(edge).name;
    let by_itself = |failback: Failback| failback != Failback::Manual;
    let concerned = case.organisation.steered.iter().filter(|steered| steered.edges.contains(&edge));
    let returning: Vec<&str> =
        concerned.filter(|steered| by_itself(steered.failback)).map(|steered| steered.service.as_str()).collect();
    if returning.is_empty() {
        page.say(&format!("DNS does not come back to {name} by itself (`failback = \"manual\"`)."));
        return;
    }
    page.step(&format!("Keep DNS from coming back to {name} while the topology names another pool; without this it would for {} when {name} answers again. Run-book E ends it.", returning.join(", ")));
    page.shell(&format!("edgesteer drain {name} --reason \"outbound federation is moved\""));
}
