use super::*;
use crate::name::Name;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn edge(called: &str) -> Edge {
    let fqdn = |kind: &str| Some(name(&format!("{kind}-{called}.contoso.com")));
    Edge { name: called.to_owned(), fqdn: fqdn("access"), internal_fqdn: fqdn("edge") }
}

fn site(called: &str, edge: usize) -> Site {
    Site {
        name: called.to_owned(),
        identity: format!("Site {called}"),
        edges: vec![edge],
        front_ends: vec![name(&format!("fe-{called}.corp.contoso.com"))],
        edge: Some(edge),
        outbound: Some(0),
        xmpp: Some(1),
    }
}

fn organisation() -> Organisation {
    let steered = Steered {
        service: "federation".to_owned(),
        kind: "sip-federation",
        domain: name("contoso.com"),
        domains: 1,
        owners: vec!["_sipfederationtls._tcp.contoso.com".to_owned(), "sip.contoso.com".to_owned()],
        edges: vec![0, 1],
        failback: Failback::Manual,
    };
    Organisation {
        edges: vec![edge("seoul"), edge("dublin")],
        sites: vec![site("korea", 0), site("ireland", 1)],
        steered: vec![steered],
    }
}

fn book(organisation: &Organisation, lost: &[&str], dns: Dns) -> String {
    let names: Vec<String> = lost.iter().map(|&name| name.to_owned()).collect();
    write(organisation, &organisation.find(&names).unwrap(), dns)
}

#[test]
fn what_is_not_needed_says_so() {
    let organisation = organisation();
    let seoul = book(&organisation, &["seoul"], Dns::Offline);
    assert!(seoul.contains("Not needed: the configuration says that seoul is no site's XMPP gateway."), "{seoul}");
    assert!(
        seoul.contains("Set-CsSite -Identity \"Site ireland\" -FederationRoute \"EdgeServer:edge-dublin.contoso.com\"")
    );
    assert!(seoul.contains("Set-CsConferenceServer -Identity \"ConferencingServer:fe-korea.corp.contoso.com\""));
    let dublin = book(&organisation, &["dublin"], Dns::Offline);
    assert!(
        dublin.contains("Not needed: the configuration says that no site's outbound federation goes through dublin.")
    );
    assert!(!dublin.contains("fe-korea"), "{dublin}");
    assert!(!seoul.contains("Names to fill in") && !seoul.contains("## D."), "{seoul}");
}

#[test]
fn a_lost_front_end_needs_no_edge_of_its_own() {
    let both = book(&organisation(), &["seoul", "fe-korea.corp.contoso.com"], Dns::Offline);
    assert!(both.contains("Not needed: no Front End pool that lives is associated with seoul."), "{both}");
    let next = "-Identity \"EdgeServer:edge-seoul.contoso.com\" -Registrar \"Registrar:fe-ireland.corp.contoso.com\"";
    assert!(both.contains(next), "{both}");
}

#[test]
fn dns_steps_are_ticked_once_they_are_done() {
    let moved = book(&organisation(), &["seoul"], Dns::Moved { at: 1_700_000_000, generation: 7 });
    assert!(moved.contains("1. [x] Service federation"), "{moved}");
    assert!(moved.contains("**done by edgesteer at 2023-11-14T22:13:20Z, generation 7.**"), "{moved}");
    let waiting = book(&organisation(), &["seoul"], Dns::Waiting { generation: 7 });
    assert!(waiting.contains("1. [ ] Service federation") && !waiting.contains("[x]"), "{waiting}");
}

#[test]
fn without_sites_every_blank_has_its_key() {
    let organisation = Organisation { sites: Vec::new(), ..organisation() };
    let text = book(&organisation, &["seoul"], Dns::Offline);
    let (steps, blanks) = text.split_once("## Names to fill in").unwrap();
    assert!(steps.contains("<Front End pool of seoul>") && steps.contains("## D."), "{text}");
    assert!(blanks.contains("`<Front End pool of seoul>`: set `front_ends` under `[site.NAME]`"), "{text}");
}

#[test]
fn the_survivor_of_everything_is_a_blank() {
    let text = book(&organisation(), &["seoul", "dublin"], Dns::Offline);
    assert!(text.contains("The service federation has no pool left"), "{text}");
    assert!(text.contains("<internal FQDN of an Edge pool that lives>"), "{text}");
}

#[test]
fn an_unknown_pool_is_told_the_known_ones() {
    let error = organisation().find(&["soul".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("seoul, dublin") && error.contains("fe-korea.corp.contoso.com"), "{error}");
}
