//! What a process begins with beside its configuration: sockets, and what the process before it knew.

use super::{StartError, access, lanes};
use crate::admin::{Admin, AdminError, WellKnown};
use crate::config::{Config, Server};
use crate::control;
use crate::handover::{Door, Elder, HandoverError, Knowledge};
use crate::lane::{Doors, Given, Sockets};
use crate::state::{Kept, StateError, Store};
use prometheus::Registry;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use tracing::{info, warn};

/// Sockets at which nobody answers yet.
#[derive(Debug)]
pub(super) struct Bound {
    /// Those of DNS; `None` where they are bound when they are needed.
    pub(super) dns: Option<Sockets>,
    /// That of the admin listener.
    pub(super) admin: TcpListener,
    /// Those at which strangers are told `/.well-known/matrix/server`.
    pub(super) well_known: Vec<TcpListener>,
}

/// What a process begins with beside its configuration. The default has nothing: every socket is bound once it is needed.
#[derive(Debug, Default)]
pub struct Estate {
    given: Given,
    bound: Option<Bound>,
    door: Option<OwnedFd>,
    lock: Option<OwnedFd>,
    knowledge: Option<Knowledge>,
    elder: Option<Arc<Elder>>,
    is_confined: bool,
}

impl Estate {
    /// Sockets that the service manager gave us.
    pub fn of(sockets: Vec<OwnedFd>) -> Self {
        Self { given: Given::new(sockets), ..Self::default() }
    }

    /// Takes the sockets of the process that runs now, if one does; it goes on answering at them. `user` is the number of whom the
    /// configuration has us become, and whom that process may be already.
    ///
    /// # Errors
    /// Where it is somebody else's, or of a version that hands over otherwise.
    pub fn of_elder(config: &Config, user: Option<u32>) -> Result<Self, HandoverError> {
        let Some(elder) = Elder::find(config.server.admin, user)? else { return Ok(Self::default()) };
        let (doors, sockets): (Vec<_>, Vec<_>) = elder.take()?.into_iter().partition(|file| Door::is_one(file.as_fd()));
        let (given, door) = (Given::new(sockets), doors.into_iter().next());
        Ok(Self { given, door, elder: Some(Arc::new(elder)), ..Self::default() })
    }

    /// Whether there was anything.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.elder.is_none()
    }

    /// Takes what was given to us, and binds what is missing, now rather than when it is needed.
    ///
    /// # Errors
    /// Where a socket cannot be had.
    pub fn bind(&mut self, config: &Config) -> Result<(), StartError> {
        let server = &config.server;
        let dns = Some(Sockets::bind(doors(server, 1), &mut self.given)?);
        let admin = self.given.listener(server.admin).map_or_else(|| bind_admin(config), Ok)?;
        let well_known = bind_well_known(config, &mut self.given)?;
        self.bound = Some(Bound { dns, admin, well_known });
        Ok(())
    }

    /// Says that the process may neither run commands nor read elsewhere than where it has read already.
    pub fn confined(&mut self) {
        self.is_confined = true;
    }

    pub(super) fn is_confined(&self) -> bool {
        self.is_confined
    }

    /// Where sockets are bound that were given to us, and that the configuration does not want; they are closed.
    pub fn refuse_the_rest(&mut self) -> Vec<String> {
        let left = std::mem::take(&mut self.given).left();
        if !left.is_empty() {
            warn!(sockets = left.join(" "), "sockets were given that are not in the configuration; they are closed");
        }
        left
    }

    /// Tells the process that runs now that nothing stands in our way, and hears what it knows.
    ///
    /// # Errors
    /// Where it goes away, or does not let go.
    pub fn inherit(&mut self) -> Result<(), HandoverError> {
        if let Some(elder) = &self.elder {
            let (knowledge, lock) = elder.ready()?;
            (self.knowledge, self.lock) = (Some(knowledge), lock);
        }
        Ok(())
    }

    /// The sockets, bound before or now, of which nothing is kept where they are not wanted yet.
    pub(super) fn sockets(&mut self, config: &Config) -> Result<Bound, StartError> {
        if let Some(bound) = self.bound.take() {
            return Ok(bound);
        }
        // Whoever holds our addresses already shall be known at once, and not after the first round of probes.
        drop(Sockets::bind(doors(&config.server, 1), &mut Given::default())?);
        let well_known = bind_well_known(config, &mut Given::default())?;
        Ok(Bound { dns: None, admin: bind_admin(config)?, well_known })
    }

    /// What was kept: what the process before us has told, else what it has written. Says what of it operators must know.
    pub(super) fn state(&mut self, config: &Config, registry: &Registry) -> Result<(Store, Kept), StateError> {
        let now = control::moment();
        let (store, written) = match &config.server.state_dir {
            Some(directory) => Store::open(directory, self.lock.take(), now, registry)?,
            None => (Store::nowhere(), Kept::default()),
        };
        let told = self.knowledge.as_ref().map(|knowledge| Kept::read(&knowledge.kept, now));
        let kept = match told {
            Some(Some(told)) => told,
            Some(None) => {
                warn!("what the process before this one knows is not understood; what is in the state_dir counts");
                written
            }
            None => written,
        };
        for (subject, hold) in kept.holds.iter() {
            info!(%subject, state = hold.held.word(), author = hold.grounds.author, reason = hold.grounds.reason, "still held");
        }
        Ok((store, kept))
    }

    /// The door at which the next process will knock. One that cannot be had is no reason not to start.
    pub(super) fn door(&mut self, config: &Config) -> Option<Arc<Door>> {
        let door = Door::open(config.server.admin, self.door.take());
        let said = |error: &std::io::Error| warn!("serve --replace will not find this process: {error}");
        door.inspect_err(said).ok().map(Arc::new)
    }

    /// How we came to start, for the audit trail.
    pub(super) fn how(&self) -> &'static str {
        if self.elder.is_some() { "the server took over from the process before it" } else { "the server was started" }
    }

    pub(super) fn knowledge(&self) -> Option<&Knowledge> {
        self.knowledge.as_ref()
    }

    pub(super) fn elder(&self) -> Option<Arc<Elder>> {
        self.elder.clone()
    }
}

fn bind_admin(config: &Config) -> Result<TcpListener, AdminError> {
    Admin::bind(config.server.admin, config.server.admin_tls.as_ref(), &access(config))
}

fn bind_well_known(config: &Config, given: &mut Given) -> Result<Vec<TcpListener>, AdminError> {
    let addresses = config.server.well_known.iter();
    addresses.map(|&address| given.listener(address).map_or_else(|| WellKnown::bind(address), Ok)).collect()
}

/// Where and how widely DNS is answered.
pub(super) fn doors(server: &Server, connections: usize) -> Doors<'_> {
    Doors { listen: &server.listen, tls: server.tls.as_ref(), connections, lanes: lanes(server) }
}
