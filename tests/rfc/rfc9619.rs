//! RFC 9619: one question.

use super::*;

#[test]
fn section_4_other_counts_than_one_are_a_format_error() {
    let server = Serving::start();
    let q = question("contoso.com", SOA);
    for (counts, body, with_opt) in [
        ([0, 0, 0, 0], vec![], false),
        ([0, 0, 0, 1], vec![OPT], true),
        ([2, 0, 0, 0], vec![&q[..], &q], false),
        ([2, 0, 0, 1], vec![&q, &q, OPT], true),
        ([2, 0, 0, 0], vec![&q], false),
        ([65535, 0, 0, 0], vec![&q], false),
    ] {
        let asked = message([0, 0], counts, &body);
        let answer = server.ask(&asked);
        assert_eq!((code(&answer), answer.queries.len(), answer.edns.is_some()), (FORMERR, 0, with_opt), "{counts:?}");
    }
}
