use super::*;
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

/// Longer than half of what ends a connection, and shorter than all of it.
const PAUSE: std::time::Duration = ADMIN_IDLE.checked_mul(2).unwrap().checked_div(3).unwrap();
/// More than anybody may say in this way.
const MANY: usize = 20;

/// A connection from both ends, in memory: a clock that moves where everybody waits must not move while octets are under way, of which
/// it knows nothing where a kernel carries them.
fn connection() -> (Seat<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(64);
    (Seat::new(Stream::Plain(ours), None), theirs)
}

#[tokio::test(start_paused = true)]
async fn an_octet_now_and_then_holds_no_seat() {
    let (mut seat, mut client) = connection();
    let trickle = async {
        for _ in 0..MANY {
            if client.write_all(b"G").await.is_err() {
                break;
            }
            sleep(PAUSE).await;
        }
    };
    let mut heard = Vec::new();
    tokio::select! {
        ended = seat.read_to_end(&mut heard) => assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut),
        () = trickle => panic!("{MANY} octets, and it still listens"),
    }
    assert!(heard.len() < 4, "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_answered_may_ask_again() {
    let (mut seat, mut client) = connection();
    for _ in 0..MANY {
        client.write_all(b"G").await.unwrap();
        assert_eq!(seat.read_u8().await.unwrap(), b'G');
        sleep(PAUSE).await;
        seat.write_all(b"2").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'2');
        sleep(PAUSE).await;
    }
    assert_eq!(seat.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut, "and who says nothing is gone");
}
