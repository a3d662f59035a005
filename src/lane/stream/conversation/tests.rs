use super::*;
use crate::limits::STREAM_IDLE;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{DuplexStream, duplex};
use tokio::time::{Instant, sleep};

/// Room in each direction: as much as any test writes before it reads.
const AMPLE: usize = 1 << 20;

/// A message with this id and these flags.
fn message(id: u16, flags: [u8; 2]) -> Vec<u8> {
    let mut message = vec![0; HEADER];
    message[..2].copy_from_slice(&id.to_be_bytes());
    message[2..4].copy_from_slice(&flags);
    message
}

fn question(id: u16) -> Vec<u8> {
    framed(&message(id, [0, 0]))
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    frame(message, &mut octets);
    octets
}

/// As a lane answers: runts and replies with silence, what has QDCOUNT 0xffff with FORMERR, anything else with itself as reply;
/// what has an ANCOUNT so many seconds later, and with silence if that is 99.
fn answer(question: &[u8], _: Duration) -> Said {
    if question.len() < HEADER || question[2] & 0x80 != 0 {
        return Said::Nothing;
    }
    let mut answer = question.to_vec();
    answer[2] |= 0x80;
    if question[4..6] == [0xff, 0xff] {
        answer[3] = 1;
        return Said::Last(answer);
    }
    match question[7] {
        0 => Said::Now(answer),
        seconds => Said::Later(Box::pin(async move {
            sleep(Duration::from_secs(seconds.into())).await;
            (seconds != 99).then_some(answer)
        })),
    }
}

/// A question whose answer takes so many seconds.
fn slow(id: u16, seconds: u8) -> Vec<u8> {
    let mut question = message(id, [0, 0]);
    question[7] = seconds;
    framed(&question)
}

/// Holds a conversation with `peer` on the other side; returns how it ended and after what time.
async fn hold_with<F: Future<Output = ()>>(room: usize, peer: impl FnOnce(DuplexStream) -> F) -> (End, Duration) {
    let (mut ours, theirs) = duplex(room);
    let (_stop, stop) = watch::channel(false);
    let began = Instant::now();
    let conversation = async {
        let end = hold(&mut ours, answer, || STREAM_IDLE, stop).await;
        drop(ours);
        (end, began.elapsed())
    };
    tokio::join!(conversation, peer(theirs)).0
}

/// Reads to the end and returns the ids of the answers.
async fn ids(peer: &mut (impl AsyncRead + Unpin)) -> Vec<u16> {
    let mut octets = Vec::new();
    peer.read_to_end(&mut octets).await.unwrap();
    let mut inbox = Inbox { octets, at: 0 };
    let mut ids = Vec::new();
    while let Some(answer) = inbox.next() {
        assert!(answer.len() >= HEADER && answer[2] & 0x80 != 0, "{answer:?}");
        ids.push(u16::from_be_bytes([answer[0], answer[1]]));
    }
    assert_eq!(inbox.at, inbox.octets.len(), "half an answer");
    ids
}

#[tokio::test(start_paused = true)]
async fn what_is_said_decides_what_is_answered_and_how_it_ends() {
    let mut garbage = message(9, [0, 0]);
    garbage[4..6].copy_from_slice(&[0xff, 0xff]);
    let reply = message(9, [0x80, 0]);
    for (name, said, answered, ended) in [
        ("nothing", vec![], vec![], End::Quiet),
        ("two questions", [question(1), question(2)].concat(), vec![1, 2], End::Quiet),
        ("half a message", [question(1), question(2)[..9].to_vec()].concat(), vec![1], End::Quiet),
        ("one octet", vec![0], vec![], End::Quiet),
        ("length 0", [question(1), vec![0, 0], question(2)].concat(), vec![1], End::CutShort),
        ("length 5", [question(1), vec![0, 5], question(2)].concat(), vec![1], End::CutShort),
        ("length 5 and no more", [question(1), vec![0, 5]].concat(), vec![1], End::CutShort),
        ("a reply", [question(1), framed(&reply), question(2)].concat(), vec![1], End::CutShort),
        ("garbage", [question(1), framed(&garbage), question(2)].concat(), vec![1, 9], End::CutShort),
        ("length 65535", [question(1), vec![0xff, 0xff], question(2)].concat(), vec![1], End::Quiet),
    ] {
        let (end, _) = hold_with(AMPLE, async |mut peer| {
            peer.write_all(&said).await.unwrap();
            // Half-closed: what was asked before is answered all the same.
            peer.shutdown().await.unwrap();
            assert_eq!(ids(&mut peer).await, answered, "{name}");
        })
        .await;
        assert_eq!(end, ended, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_questions_in_one_piece_or_octet_by_octet_are_answered_in_order() {
    let all: Vec<u8> = (0..1000).flat_map(question).collect();
    for piece in [1, 7, all.len()] {
        hold_with(AMPLE, async |mut peer| {
            for piece in all.chunks(piece) {
                peer.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            peer.shutdown().await.unwrap();
            assert_eq!(ids(&mut peer).await, (0..1000).collect::<Vec<_>>());
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_delays_no_later_one_and_is_waited_for() {
    let mut garbage = message(9, [0, 0]);
    garbage[4..6].copy_from_slice(&[0xff, 0xff]);
    for (name, said, answered, ended, lasted) in [
        ("overtaken", [slow(1, 3), question(2), slow(3, 1), question(4)].concat(), vec![2, 4, 3, 1], End::Quiet, 3),
        ("beyond idleness", [slow(1, 60), question(2)].concat(), vec![2, 1], End::Quiet, 60),
        ("half a message after it", [slow(1, 2), question(2)[..9].to_vec()].concat(), vec![1], End::Quiet, 2),
        ("garbage after it", [slow(1, 2), framed(&garbage), question(2)].concat(), vec![9, 1], End::CutShort, 2),
        ("nothing comes of it", [slow(1, 99), slow(2, 98)].concat(), vec![2], End::Quiet, 99),
    ] {
        let (end, took) = hold_with(AMPLE, async |mut peer| {
            peer.write_all(&said).await.unwrap();
            peer.shutdown().await.unwrap();
            assert_eq!(ids(&mut peer).await, answered, "{name}");
        })
        .await;
        assert_eq!((end, took), (ended, Duration::from_secs(lasted)), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_too_many_answers_are_sought_nothing_is_read_and_the_peer_is_not_blamed() {
    let most = STREAM_LATER_MAX as u16;
    // Longer than any patience with a peer; the rest of the last question comes after that.
    let first: Vec<u8> = (0..most).flat_map(|id| slow(id, 30)).chain(question(most)).chain([0]).collect();
    let (end, took) = hold_with(AMPLE, async |mut peer| {
        peer.write_all(&first).await.unwrap();
        sleep(Duration::from_secs(29)).await;
        let mut nothing = [0];
        assert!(timeout(Duration::ZERO, peer.read(&mut nothing)).await.is_err(), "it waits for its turn");
        sleep(Duration::from_secs(2)).await;
        peer.write_all(&question(most + 1)[1..]).await.unwrap();
        peer.shutdown().await.unwrap();
        let mut ids = ids(&mut peer).await;
        ids.sort_unstable();
        assert_eq!(ids, (0..most + 2).collect::<Vec<_>>());
    })
    .await;
    assert_eq!((end, took), (End::Quiet, Duration::from_secs(31)));
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_after_a_slow_answer_is_as_idle_as_anyone() {
    let (end, took) = hold_with(AMPLE, async |mut peer| {
        peer.write_all(&slow(1, 20)).await.unwrap();
        assert_eq!(ids(&mut peer).await, [1]);
    })
    .await;
    assert_eq!((end, took), (End::Quiet, Duration::from_secs(20) + STREAM_IDLE));
    // A message that was begun is not forgiven for an answer that comes meanwhile.
    let (end, took) = hold_with(AMPLE, async |mut peer| {
        peer.write_all(&[slow(1, 3), vec![0]].concat()).await.unwrap();
        assert_eq!(ids(&mut peer).await, [1]);
    })
    .await;
    assert_eq!((end, took), (End::Quiet, STREAM_MESSAGE));
}

#[tokio::test(start_paused = true)]
async fn the_largest_message_is_read() {
    let mut largest = message(7, [0, 0]);
    largest.resize(u16::MAX.into(), 0);
    hold_with(AMPLE, async |mut peer| {
        peer.write_all(&framed(&largest)).await.unwrap();
        peer.write_all(&question(8)).await.unwrap();
        peer.shutdown().await.unwrap();
        assert_eq!(ids(&mut peer).await, [7, 8]);
    })
    .await;
}

/// Octets that a peer sends, a while after one another, before it is silent.
type Script = &'static [(u64, &'static [u8])];

#[tokio::test(start_paused = true)]
async fn every_silence_ends() {
    const WHOLE: &[u8] = &[0, 12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const DRIP: Script = &[(1, &[0]), (2, &[12]), (2, &[0]), (2, &[0]), (2, &[0]), (2, &[0])];
    let scripts: [(&str, Script, Duration); 6] = [
        ("no data at all", &[], STREAM_IDLE),
        ("one octet", &[(0, &[0])], STREAM_MESSAGE),
        ("half a message, late", &[(9, &[0, 12, 0])], Duration::from_secs(9) + STREAM_MESSAGE),
        ("an octet every two seconds", DRIP, Duration::from_secs(1) + STREAM_MESSAGE),
        ("a question, then idle", &[(9, WHOLE)], Duration::from_secs(9) + STREAM_IDLE),
        ("a promise of 65535", &[(0, &[0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])], STREAM_MESSAGE),
    ];
    for (name, script, lasted) in scripts {
        let (end, took) = hold_with(AMPLE, async |mut peer| {
            for (pause, octets) in script {
                sleep(Duration::from_secs(*pause)).await;
                // It may have been hung up on.
                let _ = peer.write_all(octets).await;
            }
            ids(&mut peer).await;
        })
        .await;
        assert_eq!((end, took), (End::Quiet, lasted), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_from_a_peer_that_does_not_take_its_answers_and_it_is_cut_off() {
    let (mut ours, mut theirs) = duplex(64);
    let (_stop, stop) = watch::channel(false);
    let asked = Cell::new(0);
    let large = |_: &[u8], _: Duration| {
        asked.set(asked.get() + 1);
        let mut answer = message(1, [0x80, 0]);
        answer.resize(u16::MAX.into(), 0);
        Said::Now(answer)
    };
    let began = Instant::now();
    let flood = async {
        let all: Vec<u8> = (0..1000).flat_map(question).collect();
        let _ = theirs.write_all(&all).await;
    };
    let end = tokio::select! {
        end = hold(&mut ours, large, || STREAM_IDLE, stop) => end,
        () = flood => unreachable!("a thousand questions were read"),
    };
    assert_eq!((end, began.elapsed()), (End::Stuck, STREAM_STUCK));
    assert!(asked.get() * usize::from(u16::MAX) <= STREAM_ANSWERS_MAX + usize::from(u16::MAX), "{}", asked.get());
}

#[tokio::test(start_paused = true)]
async fn the_last_question_allowed_is_answered_and_so_is_none_after_it() {
    let more = STREAM_QUESTIONS_MAX + 10;
    let (end, _) = hold_with(AMPLE, async |peer| {
        let (mut reader, mut writer) = tokio::io::split(peer);
        let asking = async {
            for id in 0..more {
                // The end may come first.
                let _ = writer.write_all(&question(id as u16)).await;
            }
            let _ = writer.shutdown().await;
        };
        let (ids, ()) = tokio::join!(ids(&mut reader), asking);
        assert_eq!(ids.len(), STREAM_QUESTIONS_MAX);
    })
    .await;
    assert_eq!(end, End::CutShort);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_what_is_on_its_way_and_for_nothing_else() {
    let (mut ours, mut theirs) = duplex(AMPLE);
    let (tell, stop) = watch::channel(false);
    theirs.write_all(&[question(1), question(2)].concat()).await.unwrap();
    tell.send_replace(true);
    let began = Instant::now();
    let (end, heard) = tokio::join!(
        async {
            let end = hold(&mut ours, answer, || STREAM_IDLE, stop).await;
            drop(ours);
            end
        },
        async {
            sleep(STREAM_LAST_WORD / 2).await;
            theirs.write_all(&question(3)).await.unwrap();
            let heard = ids(&mut theirs).await;
            drop(theirs);
            heard
        }
    );
    assert_eq!((end, heard), (End::CutShort, vec![1, 2, 3]));
    assert_eq!(began.elapsed(), STREAM_LAST_WORD / 2 + STREAM_LAST_WORD);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_the_end_of_a_talk() {
    let (mut ours, mut theirs) = duplex(AMPLE);
    let (tell, stop) = watch::channel(false);
    tell.send_replace(true);
    let began = Instant::now();
    let talk = async {
        let mut asked = 0;
        while theirs.write_all(&question(asked)).await.is_ok() {
            asked += 1;
            sleep(STREAM_LAST_WORD / 4).await;
        }
        asked
    };
    let (end, asked) = tokio::join!(
        async {
            let end = hold(&mut ours, answer, || STREAM_IDLE, stop).await;
            drop(ours);
            end
        },
        talk
    );
    assert_eq!(end, End::CutShort);
    assert!(asked > 12, "{asked} questions");
    assert!(began.elapsed() <= STREAM_LAST_TALK + STREAM_FAREWELL + STREAM_LAST_WORD, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_answers_that_are_sought() {
    let (mut ours, mut theirs) = duplex(AMPLE);
    let (tell, stop) = watch::channel(false);
    theirs.write_all(&[slow(1, 1), question(2)].concat()).await.unwrap();
    tell.send_replace(true);
    assert_eq!(hold(&mut ours, answer, || STREAM_IDLE, stop).await, End::CutShort);
    drop(ours);
    assert_eq!(ids(&mut theirs).await, [2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_cut_short_may_finish_its_sentence_but_not_talk_for_ever() {
    for (ends, lasted) in [(true, Duration::ZERO), (false, STREAM_FAREWELL)] {
        let (end, took) = hold_with(AMPLE, async |mut peer| {
            peer.write_all(&[question(1), vec![0, 0]].concat()).await.unwrap();
            assert_eq!(ids(&mut peer).await, [1]);
            peer.write_all(&[0; 10_000]).await.expect("read, though not heeded");
            if !ends {
                sleep(10 * STREAM_FAREWELL).await;
            }
        })
        .await;
        assert_eq!((end, took), (End::CutShort, lasted));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_knows_how_long_the_peer_may_be_silent_after_it() {
    let told = RefCell::new(Vec::new());
    let recorded = |question: &[u8], idle| {
        told.borrow_mut().push(idle);
        answer(question, idle)
    };
    for (stopped, expected) in [(false, STREAM_IDLE), (true, Duration::ZERO)] {
        let (mut ours, mut theirs) = duplex(AMPLE);
        let (_tell, stop) = watch::channel(stopped);
        theirs.write_all(&[question(1), question(2)].concat()).await.unwrap();
        theirs.shutdown().await.unwrap();
        hold(&mut ours, &recorded, || STREAM_IDLE, stop).await;
        assert_eq!(told.take(), [expected; 2], "{stopped}");
    }
    // After the last that is allowed there is no more.
    let (mut ours, theirs) = duplex(AMPLE);
    let (mut reader, mut writer) = tokio::io::split(theirs);
    let (_tell, stop) = watch::channel(false);
    let all = async {
        for id in 0..STREAM_QUESTIONS_MAX {
            writer.write_all(&question(id as u16)).await.unwrap();
        }
    };
    tokio::join!(hold(&mut ours, &recorded, || STREAM_IDLE, stop), all, async {
        // It ends where we take leave; until then somebody must take the answers.
        while reader.read(&mut [0; 4096]).await.unwrap() > 0 {}
    });
    let told = told.take();
    let (last, others) = told.split_last().unwrap();
    assert!(*last == Duration::ZERO && others.iter().all(|idle| *idle == STREAM_IDLE), "{}", told.len());
}

/// Answers with so many messages of 8 kB as the id says, and counts those that were made.
fn many(made: &Arc<AtomicUsize>) -> impl Fn(&[u8], Duration) -> Said + use<> {
    let made = made.clone();
    move |question, _| {
        let (count, made) = (u16::from_be_bytes([question[0], question[1]]), made.clone());
        Said::Many(Box::new((0..count).map(move |id| {
            made.fetch_add(1, Ordering::Relaxed);
            [message(id, [0x80, 0]), vec![7; 8000]].concat()
        })))
    }
}

#[tokio::test(start_paused = true)]
async fn many_messages_come_in_order_and_the_conversation_goes_on() {
    let (mut ours, mut theirs) = duplex(AMPLE);
    let (_stop, stop) = watch::channel(false);
    let answer = many(&Arc::default());
    let peer = async {
        theirs.write_all(&[question(50), question(3)].concat()).await.unwrap();
        theirs.shutdown().await.unwrap();
        ids(&mut theirs).await
    };
    let (end, heard) = tokio::join!(hold(&mut ours, answer, || STREAM_IDLE, stop), peer);
    assert_eq!(heard, (0..50).chain(0..3).collect::<Vec<_>>());
    assert_eq!(end, End::Quiet);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_made_than_is_taken_and_who_takes_nothing_is_cut_off() {
    let (mut ours, mut theirs) = duplex(20_000);
    let (_stop, stop) = watch::channel(false);
    let made = Arc::<AtomicUsize>::default();
    let answer = many(&made);
    let began = Instant::now();
    theirs.write_all(&question(1000)).await.unwrap();
    let end = hold(&mut ours, answer, || STREAM_IDLE, stop).await;
    assert_eq!((end, began.elapsed()), (End::Stuck, STREAM_STUCK));
    // Two are on their way, one waits to be written.
    assert_eq!(made.load(Ordering::Relaxed), 3);
}
