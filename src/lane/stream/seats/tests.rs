use super::*;
use prometheus::Registry;
use std::collections::VecDeque;

fn seats(most: usize) -> Arc<Seats> {
    Seats::new(most, Transport::Tcp, Tally::new(&Registry::new()).unwrap())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Whether the guest was told to go.
async fn is_dismissed(guest: &Guest) -> bool {
    tokio::select! {
        biased;
        () = guest.dismissed() => true,
        () = std::future::ready(()) => false,
    }
}

#[test]
fn an_ipv4_address_and_an_ipv6_56_are_one_client() {
    for (a, b, same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("2001:db8:0:1100::1", "2001:db8:0:11ff:ffff::2", true),
        ("2001:db8:0:1100::1", "2001:db8:0:1200::1", false),
    ] {
        assert_eq!(client(ip(a)) == client(ip(b)), same, "{a} {b}");
    }
}

#[tokio::test]
async fn the_idlest_of_all_gives_way_when_every_seat_is_taken() {
    let seats = seats(4);
    let guests: Vec<_> = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"].map(|a| seats.admit(ip(a))).into();
    guests[0].mark_active();
    let newcomer = seats.admit(ip("192.0.2.5"));
    let mut dismissed = Vec::new();
    for guest in &guests {
        dismissed.push(is_dismissed(guest).await);
    }
    assert_eq!(dismissed, [false, true, false, false]);
    assert!(!is_dismissed(&newcomer).await);
    assert_eq!(seats.taken().len(), 4);
}

#[tokio::test]
async fn a_client_with_its_share_makes_room_for_itself() {
    let seats = seats(8);
    let stranger = seats.admit(ip("192.0.2.1"));
    let mut own: VecDeque<_> = (0..4).map(|_| seats.admit(ip("192.0.2.2"))).collect();
    for _ in 0..100 {
        own.push_back(seats.admit(ip("192.0.2.2")));
        let idlest = own.pop_front().unwrap();
        assert!(is_dismissed(&idlest).await && !is_dismissed(&own[0]).await);
        drop(idlest);
        assert_eq!(seats.taken().len(), 5, "a dismissed guest gives back nobody else's seat");
    }
    assert!(!is_dismissed(&stranger).await);
}

#[test]
fn seats_are_given_back_and_counted() {
    let registry = Registry::new();
    let tally = Tally::new(&registry).unwrap();
    let seats = Seats::new(4, Transport::Tls, tally.clone());
    let gauge = tally.connections(Transport::Tls);
    let guests = ["192.0.2.1", "192.0.2.2"].map(|a| seats.admit(ip(a)));
    assert_eq!(gauge.get(), 2);
    seats.dismiss_idlest();
    assert_eq!(gauge.get(), 1);
    drop(guests);
    assert_eq!(gauge.get(), 0);
    seats.dismiss_idlest();
}

#[test]
fn patience_shrinks_with_the_second_half_of_the_seats() {
    let seats = seats(8);
    let mut guests = Vec::new();
    let mut idle = Vec::new();
    for client in 0..=8 {
        idle.push(seats.idle().as_millis());
        guests.push(seats.admit(ip(&format!("192.0.2.{client}"))));
    }
    assert_eq!(idle, [10_000, 10_000, 10_000, 10_000, 10_000, 7_500, 5_000, 2_500, 2_000]);
}
