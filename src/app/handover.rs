//! A running process that is replaced: it gives what it has, and goes when the next one answers.

use super::Running;
use crate::admin::Shown;
use crate::audit::Entry;
use crate::handover::{Door, Elder, HandoverError, Knowledge, Visitor};
use crate::limits::{HANDOVER_REOPEN_PAUSE, HANDOVER_REOPEN_TRIES, HANDOVER_WAIT};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

impl Running {
    /// Where the next process knocks.
    pub fn door(&self) -> Option<Arc<Door>> {
        self.door.clone()
    }

    /// The sockets of DNS and those of HTTP, for whoever keeps them for the next process.
    ///
    /// # Errors
    /// Where the system gives no more files.
    pub fn sockets(&self) -> io::Result<Vec<OwnedFd>> {
        let dns = self.lanes.sockets().iter().map(OwnedFd::try_clone);
        let http = [self.admin.socket()].into_iter().chain(self.well_known.sockets());
        dns.chain(http.map(|listener| listener.as_fd().try_clone_to_owned())).collect()
    }

    /// Gives another process what it needs, and returns when it answers; then [`Self::leave`] is all that is left to do. Until then
    /// this one answers.
    ///
    /// # Errors
    /// Where the other comes to nothing; then this one goes on as it was.
    pub async fn hand_over(&mut self, visitor: Visitor) -> Result<Arc<Visitor>, HandoverError> {
        let (visitor, sockets) = (Arc::new(visitor), self.sockets()?);
        let door = self.door().ok_or_else(|| io::Error::other("there is no door"))?;
        let lock = self.store.lock().map(|lock| lock.as_fd().try_clone_to_owned()).transpose()?;
        let giving = visitor.clone();
        off_the_loop(move || giving.give(&sockets, &door)).await?;
        match self.tell(visitor.clone(), lock).await {
            Ok(()) => Ok(visitor),
            Err(failed) => {
                self.resume().await;
                Err(failed)
            }
        }
    }

    /// Rests, and tells the next process what is known. Whatever fails here, this one may be at rest.
    async fn tell(&mut self, visitor: Arc<Visitor>, lock: Option<OwnedFd>) -> Result<(), HandoverError> {
        let knowledge = self.rest().await?;
        off_the_loop(move || visitor.tell(&knowledge, lock.as_ref().map(|lock| lock.as_fd()))).await
    }

    /// Takes no more orders and writes nothing, from which moment on what is known can be told. DNS goes on.
    async fn rest(&mut self) -> Result<Knowledge, HandoverError> {
        let token = self.admin.token().unwrap_or_default();
        // Whoever asks from now on waits for the next process, which has the same socket.
        self.admin.rest();
        // Queues on disk have one keeper.
        self.notifier.rest().await;
        let kept = self.control.hand_over().await.map_err(|stopped| HandoverError::Io(io::Error::other(stopped)))?;
        self.audit.record(Entry::of("replaced", "another process takes over"));
        self.audit.rest().await;
        Ok(Knowledge { kept, counters: self.shown.counters(), token })
    }

    async fn resume(&mut self) {
        self.control.resume().await;
        self.audit.resume().await;
        self.audit.record(Entry::of("start", "the process that was to take over came to nothing"));
        for _ in 1..HANDOVER_REOPEN_TRIES {
            if self.is_as_before().await {
                return;
            }
            tokio::time::sleep(HANDOVER_REOPEN_PAUSE).await;
        }
        if !self.is_as_before().await {
            error!(
                "the admin listener or notifications are not as they were before another process was to take over; a restart heals it"
            );
        }
    }

    /// Whether orders are taken and people's systems told once more. Whoever took the system's last file, which may be why we are
    /// here, may give it back.
    async fn is_as_before(&mut self) -> bool {
        let admin =
            self.admin.resume().inspect_err(|failed| warn!("the admin listener cannot be had again yet: {failed}"));
        // Both are tried each time: neither waits for the other.
        let is_as_before = self.notifier.resume().await && admin.is_ok();
        if is_as_before {
            info!("orders are taken and events told as before");
        }
        is_as_before
    }

    /// Ends what was begun, tells what was counted until then, and goes: the other process answers.
    pub async fn leave(self, visitor: Arc<Visitor>) {
        self.serving.store(false, Ordering::Release);
        drop(self.well_known);
        self.lanes.stop().await;
        self.recording.abort();
        if let Some(relieving) = self.relieving {
            // The process before us may still be ending what it has begun, and what it counts is ours to tell.
            let _ = tokio::time::timeout(HANDOVER_WAIT, relieving).await;
        }
        if let Err(failed) = visitor.farewell(&self.shown.counters()) {
            warn!("what was counted last could not be told: {failed}");
        }
        info!("another process has taken over; stopped");
    }
}

/// Has the process before us go, and goes on with what it has counted in the end.
pub(super) fn relieve(elder: Arc<Elder>, shown: Shown) -> JoinHandle<()> {
    tokio::task::spawn_blocking(move || match elder.answering().and_then(|()| elder.counters()) {
        Ok(counters) => {
            shown.inherit(&counters);
            info!("the process before this one has gone");
        }
        Err(failed) => warn!("what the process before this one has counted in the end is not known: {failed}"),
    })
}

/// Runs what waits for another process where it holds nobody up.
async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HandoverError> + Send + 'static,
) -> Result<T, HandoverError> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::from)?
}
