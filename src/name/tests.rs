use super::*;

#[test]
fn names_are_lower_cased_and_shown_without_the_final_dot() {
    for (text, shown) in [
        ("contoso.com", "contoso.com"),
        ("Contoso.COM.", "contoso.com"),
        ("_sipfederationtls._TCP.contoso.com", "_sipfederationtls._tcp.contoso.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ] {
        assert_eq!(Name::parse(text).map(|n| n.to_string()), Ok(shown.to_owned()), "{text}");
    }
}

#[test]
fn what_is_no_name_is_refused_with_the_reason() {
    let long = "a".repeat(64);
    let many = "a.".repeat(128);
    for (text, error) in [
        ("", NameError::EmptyLabel),
        ("a..b", NameError::EmptyLabel),
        (".a", NameError::EmptyLabel),
        ("bücher.example", NameError::BadCharacter('ü')),
        ("a b", NameError::BadCharacter(' ')),
        (long.as_str(), NameError::LabelTooLong(long.clone())),
        (many.as_str(), NameError::TooLong),
    ] {
        assert_eq!(Name::parse(text), Err(error), "{text}");
    }
}

#[test]
fn the_longest_name_has_255_octets() {
    let text = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "a".repeat(61));
    assert_eq!(Name::parse(&text).map(|n| n.wire().len()), Ok(255));
    assert_eq!(Name::parse(&format!("{text}b")), Err(NameError::TooLong));
}

#[test]
fn a_prefix_stands_in_front_of_a_domain() {
    let domain = Name::parse("contoso.com").unwrap();
    let srv = Prefix::parse("_sipfederationtls._tcp").unwrap();
    let owner = srv.under(domain.wire()).unwrap();
    assert_eq!(owner.to_string(), "_sipfederationtls._tcp.contoso.com");
    assert!(owner.is_within(&domain) && !domain.is_within(&owner));
    assert_eq!(Prefix::empty().under(domain.wire()), Ok(domain));
}

#[test]
fn octets_that_need_it_are_escaped_when_shown() {
    assert_eq!(Name::from_wire(b"\x03a.b\x01\x00\x00").to_string(), "a\\.b.\\000");
}

#[test]
fn a_list_gives_back_what_was_pushed() {
    let names = ["contoso.com", "a.b", "fabrikam.example"].map(|t| Name::parse(t).unwrap());
    let mut list = NameList::default();
    for name in &names {
        list.push(name.wire());
    }
    assert!(list.iter().eq(names.iter().map(Name::wire)));
}
