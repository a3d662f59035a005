//! Octets as a stream: length-prefixed messages that arrive in pieces.

use super::judge::{self, HEADER};
use super::{client_of, world};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The first octet says whether it is encrypted and in pieces of how many octets the rest arrives.
pub fn stream(octets: &[u8]) {
    let Some((&how, sent)) = octets.split_first() else { return };
    let piece = match how >> 1 {
        0 => usize::MAX,
        octets => octets.into(),
    };
    judged(sent, how & 1 == 1, piece);
}

/// The same in one piece.
pub(super) fn whole(sent: &[u8], encrypted: bool) {
    judged(sent, encrypted, usize::MAX);
}

/// The first messages get one proper answer each, in their order; the others none, because one of them deserved silence or was no
/// message at all.
fn judged(sent: &[u8], encrypted: bool, piece: usize) {
    let asked: Vec<&[u8]> = messages(sent).collect();
    let said = converse(sent, encrypted, piece);
    let answers: Vec<&[u8]> = messages(&said).collect();
    let framed: usize = answers.iter().map(|answer| answer.len() + 2).sum();
    assert_eq!(framed, said.len(), "whole answers and nothing else");
    assert!(answers.len() <= asked.len());
    for (question, answer) in asked.iter().zip(&answers) {
        judge::is_proper(question, answer, usize::from(u16::MAX));
    }
    if let Some(unanswered) = asked.get(answers.len()) {
        const FORMERR: u8 = 1;
        let garbage = answers.last().is_some_and(|answer| answer[3] & 0x0f == FORMERR);
        assert!(judge::gets_silence(unanswered) || garbage, "{unanswered:?} is not answered");
    }
}

/// What the full lane says to a peer that sends this and no more.
fn converse(sent: &[u8], encrypted: bool, piece: usize) -> Vec<u8> {
    let mut peer = Peer { sent, piece, heard: Vec::new() };
    let client = client_of(sent);
    world::with_lanes(|lanes| world::block_on(lanes.converse(&mut peer, client, encrypted)));
    peer.heard
}

/// Whole messages behind their lengths; one shorter than any header is empty, whatever follows.
fn messages(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (message, behind) = behind.split_at_checked(if length < HEADER { 0 } else { length })?;
        rest = behind;
        Some(message)
    })
}

/// A peer that has sent all that it will send.
struct Peer<'p> {
    sent: &'p [u8],
    piece: usize,
    heard: Vec<u8>,
}

impl AsyncRead for Peer<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (piece, rest) = self.sent.split_at(self.piece.min(room.remaining()).min(self.sent.len()));
        room.put_slice(piece);
        self.sent = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.heard.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
