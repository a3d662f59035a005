//! Run-book E: back to the pool that was lost (federation.md 2, E).

use super::page::Page;
use super::{Case, Failback, Steered};

pub(super) fn write(case: &Case<'_>, page: &mut Page) {
    page.heading(2, "E. Failback, when what was lost works again");
    page.say("In this order: the pool answers its probes; the topology is moved back and verified; the hold is released; edgesteer moves inbound. Never let inbound go back while the topology names the other Edge pool.");
    for &edge in &case.lost.edges {
        edge_back(case, edge, page);
    }
    for dead in &case.lost.front_ends {
        page.step(&format!("The Front End pool `{dead}`: move the next hop of its Edge pool back (run-book D, with the two exchanged), then:"));
        page.run(&format!("Invoke-CsPoolFailback -PoolFqdn \"{dead}\" -Verbose"));
        page.say("   It takes up to 60 minutes for 20,000 users.");
    }
}

fn edge_back(case: &Case<'_>, edge: usize, page: &mut Page) {
    let called = case.called(Some(edge));
    let name = case.edge(edge).name.clone();
    let temporary = case.organisation.survivor(case.lost, "sip-federation");
    let fqdn = page.internal(case.edge(edge));
    page.step(&format!("On each server of the Edge pool {called}, then see in edgesteer that its probes pass:"));
    page.run("Start-CsWindowsService");
    page.shell("edgesteer status");
    page.step(&format!("SIP: run-book A with the pools exchanged. Clear the box of {}, tick that of {called}, publish, run Setup on its servers, and for each site:", case.called(temporary)));
    let sites = &case.organisation.sites;
    let sip: Vec<String> =
        sites.iter().filter(|site| site.outbound == Some(edge)).map(|site| site.identity.clone()).collect();
    let sip = if sip.is_empty() { vec![page.identity(case.organisation.site_of(edge), &name)] } else { sip };
    let routes: Vec<String> = sip
        .iter()
        .map(|site| format!("Set-CsSite -Identity \"{site}\" -FederationRoute \"EdgeServer:{fqdn}\""))
        .collect();
    page.run(&routes.join("\n"));
    if case.organisation.service("xmpp").is_some() || sites.iter().any(|site| site.xmpp == Some(edge)) {
        xmpp_back(case, edge, &fqdn, page);
    }
    page.step(&format!("Run-book C with the pools exchanged: the Front Ends of its site use {called} again."));
    page.step(&format!("The topology names {name} again and was verified: let DNS go back. Only now:"));
    page.shell(&format!("edgesteer release {name} --reason \"the topology is moved back\""));
    let waiting: Vec<String> =
        case.organisation.steered.iter().filter(|s| s.edges.contains(&edge)).filter_map(wait).collect();
    page.done(&format!("Inbound goes back to {name}.{}", waiting.join("")), "edgesteer does this by itself.");
    page.step(&format!("Partners keep connections to {} open. Drain it, so that they ask DNS again; this refuses new work and waits for what is under way:", case.called(temporary)));
    page.run("Stop-CsWindowsService -Graceful\nStart-CsWindowsService");
}

fn wait(steered: &Steered) -> Option<String> {
    match steered.failback {
        Failback::Manual => Some(format!(" The service {} waits for that release.", steered.service)),
        Failback::Auto | Failback::After(_) | Failback::Canary { .. } => None,
    }
}

fn xmpp_back(case: &Case<'_>, edge: usize, fqdn: &str, page: &mut Page) {
    let sites = &case.organisation.sites;
    let routed: Vec<String> =
        sites.iter().filter(|site| site.xmpp == Some(edge)).map(|site| site.identity.clone()).collect();
    let said = sites.iter().any(|site| site.xmpp.is_some());
    if said && routed.is_empty() {
        return;
    }
    let routed = if routed.is_empty() {
        vec![page.identity(case.organisation.site_of(edge), &case.edge(edge).name)]
    } else {
        routed
    };
    page.step("XMPP, if run-book B was done; the page prints a parameter that does not exist here too:");
    let routes: Vec<String> = routed
        .iter()
        .map(|site| format!("Set-CsSite -Identity \"{site}\" -XmppFederationRoute \"EdgeServer:{fqdn}\""))
        .collect();
    page.run(&routes.join("\n"));
    let name = &case.edge(edge).name;
    page.warn(&format!("Step 3 of Microsoft's failback page points the XMPP address at the *temporary* pool, and the page for Skype for Business repeats it. What is meant is {name}; edgesteer names {name}."));
}
