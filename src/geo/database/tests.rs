use super::*;

#[test]
fn measure_tmp() {
    let t = std::time::Instant::now();
    let d = Database::open(&config::Database::Builtin).unwrap();
    println!("open {:?} {} v4 {} v6 {} places {}", t.elapsed(), d.describe(), d.v4.len(), d.v6.len(), d.places.len());
    let mut octets = Vec::new();
    let t = std::time::Instant::now();
    ZlibDecoder::new(BUILTIN).read_to_end(&mut octets).unwrap();
    println!("inflate {:?} {} from {}", t.elapsed(), octets.len(), BUILTIN.len());
    let r = Reader::from_source(&octets[..]).unwrap();
    println!("{:?}", r.metadata());
    println!("verify {:?}", r.verify().map_err(|e| e.to_string()));
    let t = std::time::Instant::now();
    let places = crate::geo::Places::new(d, &[], &[]).unwrap();
    println!("places {:?} whos {}", t.elapsed(), places.whos.len());
    for n in [2u32, 20] {
        let t = std::time::Instant::now();
        let mut k = 0;
        let map = crate::geo::compile(&places, |who| {
            k += 1;
            match who {
                crate::geo::Who::At(p, _) => crate::ids::RegionId(if n == 2 {
                    (p.longitude > 60.0) as u32
                } else {
                    ((p.longitude + 180.0) / 360.0 * 19.0) as u32 + 1
                }),
                _ => crate::ids::RegionId(0),
            }
        });
        println!(
            "{n}: compile {:?} classified {k} ranges {} regions {} memory {}",
            t.elapsed(),
            map.ranges().count(),
            map.regions_count(),
            map.memory()
        );
        let mut x = 12345u64;
        let mut sum = 0u64;
        let a4: Vec<IpAddr> = (0..1_000_000)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                IpAddr::V4((x as u32).into())
            })
            .collect();
        let t = std::time::Instant::now();
        for &a in &a4 {
            let (r, l) = map.look_up(a);
            sum += r.0 as u64 + l as u64;
        }
        println!("  v4 {:?} each", t.elapsed() / 1_000_000);
        let starts: Vec<u128> = map
            .ranges()
            .filter_map(|r| match r.first {
                IpAddr::V6(a) => Some(u128::from(a)),
                _ => None,
            })
            .collect();
        let a6: Vec<IpAddr> = (0..1_000_000)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                IpAddr::V6((starts[x as usize % starts.len()] ^ (x as u128) << 20).into())
            })
            .collect();
        let t = std::time::Instant::now();
        for &a in &a6 {
            let (r, l) = map.look_up(a);
            sum += r.0 as u64 + l as u64;
        }
        println!("  v6 {:?} each {sum}", t.elapsed() / 1_000_000);
    }
}
use std::net::IpAddr;
