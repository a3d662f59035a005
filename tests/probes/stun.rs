//! STUN over UDP and TCP.

use super::*;
use edgesteer::config::Transport;
use tokio::net::UdpSocket;

/// An answer to a request: its type, a transaction with one octet added to, and attributes.
fn answer(request: &[u8], kind: u16, shift: u8, attributes: &[u8]) -> Vec<u8> {
    let mut answer =
        [&kind.to_be_bytes()[..], &(attributes.len() as u16).to_be_bytes(), &request[4..20], attributes].concat();
    answer[19] = answer[19].wrapping_add(shift);
    answer
}

const SUCCESS: u16 = 0x0101;
const ERROR: u16 = 0x0111;
/// XOR-MAPPED-ADDRESS of an IPv4 address.
const MAPPED: &[u8] = &[0, 0x20, 0, 8, 0, 1, 1, 2, 3, 4, 5, 6];
/// ERROR-CODE 400 with a reason of three octets, padded.
const BAD_REQUEST: &[u8] = &[0, 9, 0, 7, 0, 0, 4, 0, b'B', b'a', b'd', 0];

/// A UDP server that passes over some requests, then answers each with what the script makes of it.
async fn udp(
    pass_over: usize,
    script: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
    let (address, count) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    tokio::spawn(async move {
        let mut request = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut request).await {
            if counted.fetch_add(1, Ordering::SeqCst) < pass_over {
                continue;
            }
            for answer in script(&request[..length]) {
                let _ = socket.send_to(&answer, from).await;
            }
        }
    });
    (address, count)
}

fn over(transport: Transport, address: SocketAddr, timeout: Duration) -> TargetSpec {
    TargetSpec { timeout, ..asking(Ask::Stun { transport }, address, TlsOptions::default()) }
}

#[tokio::test]
async fn a_stun_answer_is_judged_by_what_it_says() {
    type Script = fn(&[u8]) -> Vec<Vec<u8>>;
    let wrong = "protocol: the STUN answer";
    let scripts: [(Script, Duration, &str); 9] = [
        (|r| vec![answer(r, SUCCESS, 0, MAPPED)], GENEROUS, "pass"),
        (|r| vec![answer(r, ERROR, 0, BAD_REQUEST)], GENEROUS, "pass"),
        (|r| vec![b"garbage".to_vec(), answer(r, SUCCESS, 1, MAPPED), answer(r, SUCCESS, 0, MAPPED)], GENEROUS, "pass"),
        (|r| vec![answer(r, SUCCESS, 1, MAPPED)], SHORT, "timeout: no STUN answer within 400ms"),
        (|_| vec![b"\x05\x00garbage".to_vec()], SHORT, "timeout: no STUN answer within 400ms"),
        (|r| vec![answer(r, SUCCESS, 0, &[])], GENEROUS, wrong),
        (|r| vec![answer(r, 0x0103, 0, MAPPED)], GENEROUS, wrong),
        (|r| vec![[answer(r, SUCCESS, 0, MAPPED), vec![0]].concat()], GENEROUS, wrong),
        (|r| vec![answer(r, SUCCESS, 0, &[MAPPED, &[0x80, 0x28, 0, 4, 1, 2, 3, 4]].concat())], GENEROUS, wrong),
    ];
    for (i, (script, timeout, expected)) in scripts.into_iter().enumerate() {
        let (address, _) = udp(0, script).await;
        let got = said(over(Transport::Udp, address, timeout)).await;
        assert!(got.starts_with(expected), "{i}: {got}");
    }
}

#[tokio::test]
async fn a_lost_datagram_is_sent_again_and_silence_is_asked_three_times() {
    let (address, count) = udp(2, |r| vec![answer(r, SUCCESS, 0, MAPPED)]).await;
    assert_eq!(said(over(Transport::Udp, address, 4 * SHORT)).await, "pass");
    assert_eq!(count.load(Ordering::SeqCst), 3);
    let (address, count) = udp(usize::MAX, |_| Vec::new()).await;
    assert_eq!(said(over(Transport::Udp, address, SHORT)).await, "timeout: no STUN answer within 400ms");
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn stun_over_tcp_reads_one_message() {
    type Script = fn(&[u8]) -> Vec<u8>;
    let scripts: [(Script, Duration, &str); 6] = [
        (|r| answer(r, SUCCESS, 0, MAPPED), GENEROUS, "pass"),
        (|r| answer(r, SUCCESS, 1, MAPPED), GENEROUS, "protocol: what answers is not STUN"),
        (|_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), GENEROUS, "protocol: what answers is not STUN"),
        (|r| answer(r, SUCCESS, 0, MAPPED)[..24].to_vec(), SHORT, "timeout: no STUN answer within 400ms"),
        (|_| Vec::new(), SHORT, "timeout: no STUN answer within 400ms"),
        (|r| answer(r, SUCCESS, 0, &[]), GENEROUS, "protocol: the STUN answer has no XOR-MAPPED-ADDRESS"),
    ];
    for (i, (script, timeout, expected)) in scripts.into_iter().enumerate() {
        let address = peer(move |mut stream| async move {
            let mut request = [0; 20];
            let _ = stream.read_exact(&mut request).await;
            let _ = stream.write_all(&script(&request)).await;
            hold(stream).await;
        });
        let got = said(over(Transport::Tcp, address.await, timeout)).await;
        assert!(got.starts_with(expected), "{i}: {got}");
    }
}
