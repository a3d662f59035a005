//! RFC 8020: nothing is below what does not exist.

use super::*;

#[test]
fn section_2_below_a_missing_name_all_are_missing() {
    let server = Serving::start();
    for name in
        ["no.contoso.com", "a.no.contoso.com", "sip.no.contoso.com", "_tcp.no.contoso.com", "a.b.c.no.contoso.com"]
    {
        assert_eq!(code(&server.ask(&plain(name, A))), NXDOMAIN, "{name}");
    }
}

#[test]
fn section_2_what_has_names_below_it_is_not_missing() {
    let server = Serving::start();
    for name in ["contoso.com", "_tcp.contoso.com", "_sipfederationtls._tcp.contoso.com", "sip.contoso.com"] {
        assert_eq!(code(&server.ask(&plain(name, AAAA))), NOERROR, "{name}");
    }
}

#[test]
fn section_2_names_between_records_of_a_file_exist() {
    let server = Serving::hosting();
    for (name, expected) in [("c.contoso.com", NOERROR), ("b.c.contoso.com", NOERROR), ("x.c.contoso.com", NXDOMAIN)] {
        assert_eq!(code(&server.ask(&plain(name, A))), expected, "{name}");
    }
}
