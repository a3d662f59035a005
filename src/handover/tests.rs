use super::*;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;

/// An address that no server of this machine has: the process and a number make it.
fn admin(number: u16) -> SocketAddr {
    let pid = std::process::id();
    (Ipv4Addr::new(127, (pid >> 16) as u8, (pid >> 8) as u8, pid as u8), number).into()
}

fn inode(file: &OwnedFd) -> u64 {
    std::fs::File::from(file.try_clone().unwrap()).metadata().unwrap().ino()
}

fn knowledge() -> Knowledge {
    Knowledge { kept: "[]\n{}\n".into(), counters: String::new(), token: "es_token".into() }
}

#[test]
fn knowledge_is_read_as_it_was_said_and_nothing_else_is_read() {
    assert_eq!(Knowledge::read(&knowledge().say()), Some(knowledge()));
    for damaged in ["", "1", "9\nshort", "x\n", "0\n0\n", "2\n\u{20ac}0\n0\n"] {
        assert_eq!(Knowledge::read(damaged), None, "{damaged:?}");
    }
}

#[tokio::test]
async fn sockets_and_knowledge_go_over_and_the_elder_stays_until_it_is_relieved() {
    let admin = admin(1);
    assert!(Elder::find(admin, None).unwrap().is_none(), "nobody runs");
    let door = Door::open(admin, None).unwrap();
    assert!(Door::open(admin, None).is_err(), "there is one door");
    // More than one message carries.
    let sockets: Vec<OwnedFd> = (0..200).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap().into()).collect();
    let known: Vec<u64> = sockets.iter().map(inode).collect();
    let next = tokio::task::spawn_blocking(move || {
        let elder = Elder::find(admin, None).unwrap().unwrap();
        let taken = elder.take().unwrap();
        let (told, lock) = elder.ready().unwrap();
        elder.answering().unwrap();
        (taken, told, lock, elder.counters().unwrap())
    });
    let visitor = door.knocked().await;
    visitor.give(&sockets, &door).unwrap();
    let lock: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    visitor.tell(&knowledge(), Some(lock.as_fd())).unwrap();
    visitor.farewell("all of it").unwrap();
    let (mut taken, told, its_lock, counters) = next.await.unwrap();
    let its_door = taken.pop().unwrap();
    assert!(Door::is_one(its_door.as_fd()) && !Door::is_one(taken[0].as_fd()));
    assert_eq!(taken.iter().map(inode).collect::<Vec<_>>(), known, "the very same");
    assert_eq!((told, counters), (knowledge(), "all of it".to_owned()));
    assert!(its_lock.is_some());
    drop(door);
    // Whoever knocks now is heard by the next.
    let door = Door::open(admin, Some(its_door)).unwrap();
    let knocking = tokio::task::spawn_blocking(move || Elder::find(admin, None).unwrap().is_some());
    door.knocked().await;
    assert!(knocking.await.unwrap());
}

#[test]
fn only_our_user_root_and_the_configured_user_are_trusted() {
    let (root, us, other) = (0, 1000, 1001);
    for (who, own, user, expected) in [
        (us, us, None, true),
        (root, us, None, true),
        (other, us, None, false),
        (root, root, None, true),
        (other, root, None, false),
        (other, root, Some(us), false),
        (us, root, Some(us), true),
    ] {
        assert_eq!(elder::is_trusted(who, own, user), expected, "{who} to {own} with user = {user:?}");
    }
}

#[tokio::test]
async fn one_that_goes_away_or_is_of_another_version_is_told_apart() {
    let admin = admin(2);
    let door = Door::open(admin, None).unwrap();
    let gone = tokio::task::spawn_blocking(move || drop(Elder::find(admin, None).unwrap().unwrap().take().unwrap()));
    let failed = door.knocked().await.give(&[], &door).unwrap_err();
    assert!(matches!(failed, HandoverError::Gone("was ready")), "{failed}");
    gone.await.unwrap();

    let foreign = tokio::task::spawn_blocking(move || {
        let elder = Elder::find(admin, None).unwrap().unwrap();
        elder.answering().unwrap();
        elder
    });
    let failed = door.knocked().await.give(&[], &door).unwrap_err();
    assert!(matches!(&failed, HandoverError::Foreign(said) if said == "answering"), "{failed}");
    drop(foreign.await.unwrap());
}
