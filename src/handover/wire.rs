//! Messages between the two processes: a word and a number, with files beside them. What is long is a file in memory.

use super::HandoverError;
use crate::limits::{HANDOVER_FILES, HANDOVER_TEXT_MAX};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::retry_on_intr;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read as _, Seek as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Octets of one message: a word and a number.
const MESSAGE: usize = 64;
/// Room for the files beside one message.
const ROOM: usize = rustix::cmsg_space!(ScmRights(HANDOVER_FILES));

/// What was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) word: String,
    pub(super) files: Vec<OwnedFd>,
}

/// Says a word over a Unix socket, with at most `HANDOVER_FILES` files.
///
/// # Errors
/// Where nobody hears it, or there are too many files.
pub fn say(socket: impl AsFd, word: &str, files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut room = [MaybeUninit::uninit(); ROOM];
    let mut beside = SendAncillaryBuffer::new(&mut room);
    if !files.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::Error::other("too many files for one message"));
    }
    retry_on_intr(|| sendmsg(&socket, &[IoSlice::new(word.as_bytes())], &mut beside, SendFlags::NOSIGNAL))?;
    Ok(())
}

/// Waits for what the other says, within the time-out of the socket; `doing` says what it went away before.
pub(super) fn hear(socket: impl AsFd, doing: &'static str) -> Result<Heard, HandoverError> {
    let mut text = [0; MESSAGE];
    let mut room = [MaybeUninit::uninit(); ROOM];
    let mut beside = RecvAncillaryBuffer::new(&mut room);
    // A call with a time-out is not begun anew by the system after a stop and SIGCONT (signal(7)), and nobody went away.
    let heard =
        retry_on_intr(|| recvmsg(&socket, &mut [IoSliceMut::new(&mut text)], &mut beside, RecvFlags::CMSG_CLOEXEC));
    let got = match heard {
        Ok(got) => got,
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::CONNRESET) => return Err(HandoverError::Gone(doing)),
        Err(error) => return Err(io::Error::from(error).into()),
    };
    let files = beside.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    let files: Vec<OwnedFd> = files.flatten().collect();
    let word = String::from_utf8_lossy(&text[..got.bytes]).into_owned();
    match got.bytes {
        0 => Err(HandoverError::Gone(doing)),
        _ if got.flags.intersects(ReturnFlags::CTRUNC | ReturnFlags::TRUNC) => Err(HandoverError::Foreign(word)),
        _ => Ok(Heard { word, files }),
    }
}

/// As `hear`, where only one word will do.
pub(super) fn expect(socket: impl AsFd, word: &str, doing: &'static str) -> Result<Vec<OwnedFd>, HandoverError> {
    let heard = hear(socket, doing)?;
    if heard.word == word { Ok(heard.files) } else { Err(HandoverError::Foreign(heard.word)) }
}

/// A text as a file that is nowhere but in memory.
pub(super) fn file_of(text: &str) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("edgesteer-handover", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}

/// The text of such a file.
pub(super) fn text_of(file: OwnedFd) -> io::Result<String> {
    let mut text = String::new();
    let read = File::from(file).take(HANDOVER_TEXT_MAX).read_to_string(&mut text)?;
    if read as u64 == HANDOVER_TEXT_MAX { Err(io::Error::other("it is too long")) } else { Ok(text) }
}
