//! Run-book D: a Front End pool is lost, the Edge pool lives, and inbound federation has no next hop (federation.md 2, D).

use super::Case;
use super::page::Page;
use crate::name::Name;

pub(super) fn write(case: &Case<'_>, page: &mut Page) {
    let organisation = case.organisation;
    for dead in &case.lost.front_ends {
        page.heading(2, &format!("D. The Front End pool {dead} is lost"));
        let home = organisation.sites.iter().find(|site| site.front_ends.contains(dead));
        let alive = |fqdn: &&Name| !case.lost.front_ends.contains(fqdn);
        let next = organisation.sites.iter().flat_map(|site| &site.front_ends).find(alive).map(ToString::to_string);
        let next =
            next.unwrap_or_else(|| page.blank("Front End pool that lives", "`front_ends` of another `[site.NAME]`"));
        let edges: Vec<usize> = home.map_or_else(Vec::new, |site| site.edges.clone());
        steps(case, &dead.to_string(), &next, &edges, page);
    }
    // Nothing is known of Front Ends, so nobody could say that they are lost.
    if case.lost.front_ends.is_empty() && !organisation.knows_front_ends() {
        let edges = case.lost.edges.clone();
        let name = edges.first().map_or("the site", |&edge| &case.edge(edge).name).to_owned();
        page.heading(2, "D. Only if the Front End pool of that site is lost too");
        let dead = page.front_ends(edges.first().and_then(|&edge| organisation.site_of(edge)), &name).join(", ");
        let next = page.blank("Front End pool that lives", "`front_ends` of another `[site.NAME]`");
        steps(case, &dead, &next, &edges, page);
    }
}

fn steps(case: &Case<'_>, dead: &str, next: &str, edges: &[usize], page: &mut Page) {
    page.say("An Edge pool hands what comes in to one Front End pool, its next hop. While that is the lost one, the Edge answers and nobody is reached: edgesteer sees it as *degraded* where the Edge says 504 or 408.");
    for &edge in edges {
        let (called, fqdn) = (case.called(Some(edge)), page.internal(case.edge(edge)));
        page.step(&format!("The next hop of the Edge pool {called}. Within one site: Topology Builder, right-click the pool, **Edit Properties**, **Next hop selection**: choose `{next}`, **OK**, **Publish**. To another site:"));
        page.run(&format!("Set-CsEdgeServer -Identity \"EdgeServer:{fqdn}\" -Registrar \"Registrar:{next}\""));
    }
    if edges.is_empty() {
        page.step(&format!(
            "No Edge pool is configured at the site of `{dead}`: see whether another Edge has it as its next hop."
        ));
        page.run("Get-CsService -EdgeServer | Format-List Identity, Registrar");
    }
    page.step("Then fail the pool over:");
    page.run(&format!("Invoke-CsPoolFailover -PoolFqdn \"{dead}\" -DisasterMode -Verbose"));
    page.warn("It refuses while an Edge pool still names the dead pool as its next hop, and says that external access, federation, split-domain and XMPP may stop.");
    page.step("Verify:");
    page.run(&format!("Get-CsPoolFabricState -PoolFqdn \"{next}\"\nTest-CsRegistration -TargetFqdn \"{next}\""));
}
