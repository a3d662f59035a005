//! RFC 9471: glue is no additional data that may be left out.

use super::*;

#[test]
fn section_3_1_a_referral_whose_glue_does_not_fit_says_so() {
    let server = Serving::hosting();
    let cut = server.ask(&plain("www.many.contoso.com", A));
    assert_eq!((cut.metadata.truncation, cut.authorities.len()), (true, 0));
    let whole = server.ask_tcp(&plain("www.many.contoso.com", A));
    assert_eq!((whole.metadata.truncation, whole.authorities.len(), whole.additionals.len()), (false, 20, 20));
}

#[test]
fn section_3_1_glue_that_fits_is_there() {
    let answer = Serving::hosting().ask(&plain("www.sub.contoso.com", A));
    assert_eq!((answer.metadata.truncation, answer.additionals.len()), (false, 1));
}
