//! RFC 2782: SRV.

use super::*;
use hickory_proto::rr::RData;

#[test]
fn the_format_of_the_srv_rr_port_and_target() {
    let server = Serving::start();
    let answer = server.ask(&plain("_sipfederationtls._tcp.contoso.com", SRV));
    let srv: Vec<_> = answer.answers.iter().map(|record| &record.data).collect();
    let [RData::SRV(srv)] = srv[..] else { panic!("{answer:?}") };
    assert_eq!((srv.port, srv.target.to_string().as_str()), (5061, "sip.contoso.com."));
}

#[test]
fn the_format_of_the_srv_rr_the_target_is_not_compressed() {
    let server = Serving::start();
    let octets = udp(server.at, &plain("_sipfederationtls._tcp.contoso.com", SRV)).unwrap();
    let data = [&[0, 0, 0, 0, 0x13, 0xc5][..], &wire("sip.contoso.com")].concat();
    let record = [&(data.len() as u16).to_be_bytes()[..], &data].concat();
    assert!(octets.windows(record.len()).any(|window| window == record), "{octets:x?}");
}

#[test]
fn the_format_of_the_srv_rr_the_addresses_of_the_target_come_with_it() {
    let server = Serving::start();
    let answer = server.ask(&plain("_sipfederationtls._tcp.contoso.com", SRV));
    let addresses = server.ask(&plain("sip.contoso.com", A));
    assert_eq!(answer.additionals, addresses.answers);
    assert_eq!(addresses.answers.len(), 2);
}
