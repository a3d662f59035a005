use super::super::counts::{Loss, Why};
use super::super::limit::Verdict;
use super::*;
use hickory_proto::op::ResponseCode;

fn scraped(registry: &Registry) -> String {
    prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
}

#[test]
fn the_lanes_are_folded_at_each_scrape() {
    let registry = Registry::new();
    let tally = Tally::new(&registry).unwrap();
    let text = scraped(&registry);
    assert!(text.contains("edgesteer_dns_declined_total{reason=\"odd\"} 0"), "{text}");
    let lanes = [tally.lane(), tally.lane()];
    for round in 1..4u64 {
        for lane in &lanes {
            lane.answered(ResponseCode::NoError);
            lane.limited(Verdict::Slip);
            lane.declined(Why::Size);
            lane.lost(Loss::Queue, 5);
        }
        lanes[1].answered(ResponseCode::NXDomain);
        tally.count(Transport::Udp, "NOERROR");
        let text = scraped(&registry);
        for (line, count) in [
            ("edgesteer_dns_queries_total{lane=\"fast\",rcode=\"NOERROR\",transport=\"udp\"}", 2 * round),
            ("edgesteer_dns_queries_total{lane=\"fast\",rcode=\"NXDOMAIN\",transport=\"udp\"}", round),
            ("edgesteer_dns_queries_total{lane=\"full\",rcode=\"NOERROR\",transport=\"udp\"}", round),
            ("edgesteer_dns_limited_total{action=\"slip\",lane=\"fast\"}", 2 * round),
            ("edgesteer_dns_declined_total{reason=\"size\"}", 2 * round),
            ("edgesteer_dns_lost_total{reason=\"queue\"}", 10 * round),
        ] {
            assert!(text.contains(&format!("{line} {count}\n")), "{line} {count}\n{text}");
        }
    }
}
