use super::*;

#[test]
fn every_type_is_read_as_it_is_said() {
    for kind in 0..=u16::MAX {
        assert_eq!(parse(&word(kind)), Some(kind));
    }
    for (text, expected) in
        [("mx", Some(MX)), ("type1", Some(A)), ("TYPE65536", None), ("TYPE", None), ("TYPE+1", None), ("NOPE", None)]
    {
        assert_eq!(parse(text), expected, "{text}");
    }
}
