use super::*;
use proptest::prelude::*;

/// RFC 5769 2.2: a success response with SOFTWARE, XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT.
const SAMPLE: &[u8] = b"\x01\x01\x00\x3c\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\x80\x22\x00\x0b\
    test vector \x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43\x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\
    \x2a\xf9\xba\x53\xf0\x6b\xe7\xd7\x80\x28\x00\x04\xc0\x7d\x4c\x96";

fn id() -> Transaction {
    SAMPLE[8..20].try_into().unwrap()
}

#[test]
fn the_sample_of_rfc_5769_is_an_answer() {
    assert_eq!(judge(SAMPLE, id()), Judged::Answer);
    assert_eq!(judge(SAMPLE, [0; 12]), Judged::NotOurs);
    for (place, why) in [
        (SAMPLE.len() - 1, "the STUN answer's fingerprint is wrong"),
        (24, "the STUN answer's fingerprint is wrong"),
        (3, "the STUN answer is not as long as it says"),
        (0, "the STUN answer is no answer to a binding request"),
    ] {
        let mut changed = SAMPLE.to_vec();
        changed[place] ^= 0x02;
        let judged = judge(&changed, id());
        // A changed type also breaks the fingerprint, which is looked at first.
        let accepted = [Judged::Wrong(why), Judged::Wrong("the STUN answer's fingerprint is wrong")];
        assert!(accepted.contains(&judged), "{place}: {judged:?}");
    }
}

#[test]
fn a_request_has_a_header_and_no_more() {
    let request = request([7; 12]);
    assert_eq!(request[..8], [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    assert_eq!(request[8..], [7; 12]);
}

proptest! {
    #[test]
    fn nothing_breaks_it(octets in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = judge(&octets, id());
        let length = (octets.len() as u16).to_be_bytes();
        let ours = [&SUCCESS[..], &length, &COOKIE, &id(), &octets].concat();
        prop_assert_ne!(judge(&ours, id()), Judged::NotOurs);
    }
}
