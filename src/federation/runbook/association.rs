//! Run-book C: an Edge pool is lost, its Front Ends live: which Edge pool they use for media (federation.md 2, C).

use super::page::Page;
use super::{Case, Site};
use crate::name::Name;

pub(super) fn write(case: &Case<'_>, edge: usize, page: &mut Page) {
    let name = &case.edge(edge).name;
    page.heading(2, &format!("C. Front Ends that use {name} for media get another Edge pool"));
    let organisation = case.organisation;
    let left: Vec<(&Site, &Name)> =
        organisation.left_without_edge(case.lost).filter(|(site, _)| site.edge == Some(edge)).collect();
    let front_ends: Vec<String> = match organisation.knows_front_ends() {
        true => left.iter().map(|(_, fqdn)| fqdn.to_string()).collect(),
        false => page.front_ends(organisation.site_of(edge), name),
    };
    if front_ends.is_empty() {
        page.say(&format!("Not needed: no Front End pool that lives is associated with {name}."));
        return;
    }
    let survivor = organisation.survivor(case.lost, "sip-federation");
    let to = case.called(survivor);
    let fqdn = page.internal_of(survivor.map(|survivor| case.edge(survivor)));
    page.say("Without this the users there have no web conferencing and no A/V with people outside.");
    page.step(&format!(
        "The firewall must let these Front Ends reach {to}: 5061, 5062, 4443, 8057 and, for media, 443 and 3478."
    ));
    for front_end in &front_ends {
        page.step(&format!("Topology Builder: **Enterprise Edition Front End pools**, right-click `{front_end}`, **Edit Properties**, **General**, **Associations**: **Associate Edge Pool (for media components)**: choose {to}. **OK**."));
    }
    page.step("**Action**, **Topology**, **Publish**. The disaster recovery page ends before this; the migration guide publishes after the same edit.");
    page.step("The same by cmdlets; whether these three together are all that Topology Builder changes is not documented, so prefer it:");
    let commands: Vec<String> = front_ends.iter().flat_map(|front_end| cmdlets(front_end, &fqdn)).collect();
    page.run(&commands.join("\n"));
    page.step("Verify with a meeting that has somebody inside and somebody outside, and look at the services of each Front End:");
    let commands: Vec<String> = front_ends
        .iter()
        .map(|front_end| format!("Get-CsService -PoolFqdn \"{front_end}\" | Format-List Identity, EdgeServer"))
        .collect();
    page.run(&commands.join("\n"));
}

fn cmdlets(front_end: &str, edge: &str) -> [String; 3] {
    [("ConferenceServer", "ConferencingServer"), ("Registrar", "Registrar"), ("MediationServer", "MediationServer")]
        .map(|(noun, role)| format!("Set-Cs{noun} -Identity \"{role}:{front_end}\" -EdgeServer \"EdgeServer:{edge}\""))
}
