use super::*;
use std::thread;

#[test]
fn one_that_listens_everywhere_is_asked_on_loopback() {
    for (listen, asked) in [
        ("0.0.0.0:53", "127.0.0.1:53"),
        ("[::]:5353", "[::1]:5353"),
        ("192.0.2.53:53", "192.0.2.53:53"),
        ("[2001:db8::53]:53", "[2001:db8::53]:53"),
    ] {
        assert_eq!(here(listen.parse().unwrap()).to_string(), asked);
    }
}

/// What is made of a server that says this, given the question.
fn of(says: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Result<(), String> {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    thread::spawn(move || {
        let mut room = [0; 512];
        while let Ok((length, from)) = server.recv_from(&mut room) {
            says(&room[..length]).map(|answer| server.send_to(&answer, from));
        }
    });
    answers(address).map_err(|error| error.to_string())
}

/// The question as an answer with these flags.
fn with_flags(question: &[u8], flags: [u8; 2]) -> Vec<u8> {
    [&question[..2], &flags, &question[4..]].concat()
}

#[test]
fn any_answer_but_a_failure_will_do() {
    assert_eq!(of(|question| Some(with_flags(question, [0x80, 5]))), Ok(()), "REFUSED");
    assert_eq!(of(|question| Some(with_flags(question, [0x84, 0]))), Ok(()), "NOERROR");
    assert_eq!(of(|question| Some(with_flags(question, [0x80, 2]))), Err("it says SERVFAIL".into()));
}

#[test]
fn what_is_no_answer_is_none() {
    let none = Err("that is no DNS answer".to_owned());
    assert_eq!(of(|question| Some(question.to_vec())), none, "an echo");
    assert_eq!(of(|question| Some(with_flags(&[&[!question[0]], &question[1..]].concat(), [0x80, 5]))), none);
    assert_eq!(of(|_| Some(vec![])), none);
}

#[test]
fn a_lost_datagram_is_asked_again() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let says = move |question: &[u8]| {
        let is_first = first.swap(false, std::sync::atomic::Ordering::Relaxed);
        (!is_first).then(|| with_flags(question, [0x80, 5]))
    };
    assert_eq!(of(says), Ok(()));
    assert_eq!(of(|_| None), Err("3 questions in vain".into()));
}
