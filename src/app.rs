//! The composition root: builds every room, joins them, starts and stops them in order.
//!
//! `load` is the slow half (files to topology), shared by every command and every reload. `Running` is the process at work.

use crate::admin::{self, Access, Admin, AdminError, Loaded, Shown, WellKnown};
use crate::audit::{self, Audit, Entry, Writer};
use crate::config::{self, Config, Diagnostics, Outline, Server};
use crate::control::{self, Control, Handle, Metrics};
use crate::geo::{BadDatabase, Database, Places};
use crate::lane::{Doors, Lanes, ListenError, Tally};
use crate::limits::{FILES_SPARE, OBSERVATIONS_QUEUE, STREAMS_MAX, STREAMS_MIN};
use crate::probe::Prober;
use crate::state::{Kept, PATIENCE, StateError, Store};
use crate::topology::{self, CompileError, Stamps, Topology};
use prometheus::{IntGauge, Registry};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

/// A configuration with everything that was compiled from it.
#[derive(Debug)]
pub struct World {
    /// What the operator wrote.
    pub outline: Outline,
    /// What the operator should think about.
    pub warnings: Diagnostics,
    /// What exists.
    pub topology: Arc<Topology>,
    /// What the country database is, for people.
    pub geography: String,
}

/// Why there is no world; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The configuration has errors.
    #[error("{0}")]
    Config(Diagnostics),
    /// The country database cannot be used.
    #[error(transparent)]
    Geography(#[from] BadDatabase),
    /// The configuration cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// Reads and compiles a configuration. Takes seconds at a million domains: never on the packet path.
///
/// # Errors
/// Everything that is wrong with it, for people.
pub fn load(path: &Path) -> Result<World, LoadError> {
    load_with(path, None)
}

/// The same with another country or city database than the configuration names.
///
/// # Errors
/// Everything that is wrong with it, for people.
pub fn load_with(path: &Path, database: Option<&Path>) -> Result<World, LoadError> {
    let (mut config, warnings) = config::load(path).map_err(LoadError::Config)?;
    if let Some(database) = database {
        config.geoip.database = config::Database::File(database.to_owned());
    }
    let database = Database::open(&config.geoip.database)?;
    let geography = database.describe();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let stamps = Stamps { serial: now as u32, geo_build_epoch: database.build_epoch() };
    let partners: Vec<_> = config.partners.iter().map(|partner| partner.prefixes.clone()).collect();
    let places = Places::new(database, &config.geoip.overrides, &partners);
    let topology = Arc::new(topology::compile(&config, places, stamps)?);
    Ok(World { outline: Outline::of(config), warnings, topology, geography })
}

/// Why the process cannot run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A DNS socket could not be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The admin listener could not be had.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The state directory is another server's.
    #[error(transparent)]
    State(#[from] StateError),
    /// A metric is registered twice: a defect of this program.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// The process at work.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    outline: Outline,
    /// What the sockets were made from: a reload cannot change it.
    started: Server,
    control: Handle,
    task: JoinHandle<()>,
    audit: Audit,
    recording: JoinHandle<()>,
    trail: Writer,
    lanes: Lanes,
    admin: Admin,
    _well_known: WellKnown,
    serving: Arc<AtomicBool>,
    reload_success: IntGauge,
}

impl Running {
    /// Starts everything. DNS sockets are bound once every target was probed or the grace is over, so that nobody is sent
    /// to a pool merely because we have just started.
    ///
    /// # Errors
    /// Where a socket cannot be had.
    pub async fn start(path: PathBuf, world: World) -> Result<Self, StartError> {
        let World { outline, topology, geography, .. } = world;
        let config = outline.config();
        let Server { listen, tls, .. } = &config.server;
        let connections = connections(topology.targets.len());
        let doors = Doors { listen, tls: tls.as_ref(), connections, lanes: lanes(&config.server) };
        // Whoever holds our addresses already shall be known at once, and not after the first round of probes.
        Lanes::try_listen(doors)?;
        let registry = Registry::new();
        let kept = open_state(config.server.state_dir.as_deref(), &registry)?;
        let (observations_in, observations) = mpsc::channel(OBSERVATIONS_QUEUE);
        let prober = Prober::start(observations_in);
        let metrics = Metrics::new(&registry)?;
        let certificates = metrics.certificates().clone();
        let (control, handle) = Control::new(topology.clone(), prober, observations, kept, metrics);
        certificates.register(&registry, handle.lake())?;
        handle.watchdog().register(&registry)?;
        admin::register(&registry, handle.lake())?;
        let (audit, trail) = open_audit(config.server.state_dir.as_deref(), audit::Metrics::new(&registry)?);
        audit.record(Entry::of("start", "the server was started").at(handle.lake().load().generation));
        let recording = tokio::spawn(control::record(handle.events(), audit.clone()));
        let reload_success = reload_gauge(&registry)?;
        let tally = Tally::new(&registry)?;
        let serving = Arc::new(AtomicBool::new(false));
        let shown =
            Shown::new(registry, handle.clone(), serving.clone(), certificates, audit.clone(), told(&path, config));
        let admin = Admin::start(config.server.admin, config.server.admin_tls.as_ref(), access(config), shown)?;
        let well_known = WellKnown::start(&config.server.well_known, &handle.lake())?;
        info!(
            services = config.services.len(),
            pools = config.pools.len(),
            names = topology.names.len(),
            targets = topology.targets.len(),
            regions = topology.regions.len(),
            geography,
            "configuration is loaded"
        );
        let began = Instant::now();
        let task = tokio::spawn(control.run());
        if tokio::time::timeout(config.server.startup_grace, handle.first_round()).await.is_err() {
            warn!(
                targets = topology.targets.len(),
                silent = handle.unseen(),
                "startup_grace is over; a pool that is not proven alive is used only where none is"
            );
        }
        let lanes = Lanes::start(doors, &config.server.dns, handle.lake(), tally)?;
        serving.store(true, Ordering::Release);
        let (listen, tls) = (words(lanes.addresses()), words(lanes.tls_addresses()));
        let tls = (!tls.is_empty()).then_some(tls);
        info!(listen, tls, admin = %admin.address(), waited = ?began.elapsed(), "answering");
        let started = config.server.clone();
        Ok(Self {
            path,
            outline,
            started,
            control: handle,
            task,
            audit,
            recording,
            trail,
            lanes,
            admin,
            _well_known: well_known,
            serving,
            reload_success,
        })
    }

    /// Waits until the control task ends, which it never should.
    pub async fn broken(&mut self) {
        // A panic in it was reported where it happened.
        let _ = (&mut self.task).await;
    }

    /// The control task's handle.
    pub fn control(&self) -> &Handle {
        &self.control
    }

    /// Where DNS is answered.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.lanes.addresses()
    }

    /// Where the admin listener is.
    pub fn admin(&self) -> SocketAddr {
        self.admin.address()
    }

    /// Reads the configuration again and publishes it; whatever is wrong with it changes nothing. Returns whether it was taken over.
    pub async fn reload(&mut self) -> bool {
        let path = self.path.clone();
        let loaded = tokio::task::spawn_blocking(move || load(&path)).await;
        let world = match loaded {
            Ok(Ok(world)) => world,
            Ok(Err(refused)) => return self.refused(&refused.to_string()),
            Err(panic) => return self.refused(&format!("reading it failed: {panic}")),
        };
        let changes = world.outline.describe_changes(&self.outline);
        changes.iter().for_each(|change| info!("reload: {change}"));
        world.outline.describe_stale_serials(&self.outline).iter().for_each(|stale| warn!("reload: {stale}"));
        if changes.is_empty() {
            info!("reload: nothing changed in the configuration");
        }
        if settled(&world.outline.config().server) != settled(&self.started) {
            warn!(
                "reload: what is settled at the start under [server] differs from what runs; a restart takes it over"
            );
        }
        if !world.warnings.is_empty() {
            warn!("reload: the configuration has warnings; `edgesteer check` shows them");
        }
        match self.control.replace(world.topology).await {
            Ok(generation) => {
                self.lanes.obey(&world.outline.config().server.dns);
                self.admin.obey(access(world.outline.config()), told(&self.path, world.outline.config()));
                if let Some(tls) = &world.outline.config().server.tls {
                    self.lanes.show(tls);
                }
                if let Some(tls) = &world.outline.config().server.admin_tls {
                    self.admin.show(tls);
                }
                info!(generation, "reload: taken over");
                let what = if changes.is_empty() { "nothing changed".to_owned() } else { changes.join("; ") };
                self.audit.record(Entry::of("reload", what).at(generation));
                self.outline = world.outline;
                self.reload_success.set(1);
                true
            }
            Err(stopped) => self.refused(&stopped.to_string()),
        }
    }

    fn refused(&self, why: &str) -> bool {
        self.reload_success.set(0);
        self.audit.record(Entry::of("reload-refused", why.trim_end()));
        error!("reload: refused, the running configuration stays as it is\n{}", why.trim_end());
        false
    }

    /// Stops answering, then everything else.
    pub async fn stop(self) {
        self.serving.store(false, Ordering::Release);
        self.lanes.stop().await;
        // The next process begins with what this one believed last. Where the task has ended, so has its knowledge.
        let _ = tokio::time::timeout(PATIENCE, self.control.save()).await;
        drop(self.admin);
        self.recording.abort();
        let _ = self.recording.await;
        self.audit.record(Entry::of("stop", "the server was told to stop"));
        drop(self.audit);
        let _ = tokio::task::spawn_blocking(|| self.trail.finish()).await;
        info!("stopped");
    }
}

/// Whether the configuration that is at work is that of the file: it is when we start.
fn reload_gauge(registry: &Registry) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::new(
        "edgesteer_config_last_reload_success",
        "Whether the configuration file was taken over when it was last read: 1 yes, 0 no.",
    )?;
    gauge.set(1);
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

/// The audit trail in the state directory. One that cannot be had is no reason to be silent towards partners.
fn open_audit(directory: Option<&Path>, metrics: audit::Metrics) -> (Audit, Writer) {
    let Some(directory) = directory else { return Audit::none(metrics) };
    Audit::start(directory, metrics.clone()).unwrap_or_else(|failed| {
        error!("{failed}; going on without an audit trail");
        Audit::none(metrics)
    })
}

/// Raises the limit of open files as far as the system lets us, and shares it: each target may hold a connection, and what is
/// left is for DNS clients. Returns how many of those there may be over one transport.
fn connections(targets: usize) -> usize {
    let Ok(files) = rlimit::increase_nofile_limit(u64::MAX) else { return STREAMS_MAX };
    let left = usize::try_from(files).unwrap_or(usize::MAX).checked_sub(targets + FILES_SPARE);
    if left.is_none() {
        warn!(files, targets, "too few open files are allowed: raise LimitNOFILE or ulimit -n");
    }
    (left.unwrap_or(0) / 2).clamp(STREAMS_MIN, STREAMS_MAX)
}

/// Who may ask the admin listener.
fn access(config: &Config) -> Access {
    let certified = config.server.admin_tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
    Access::new(&config.tokens, &config.server.admin_hosts, certified)
}

/// What is told of the configuration that is taken over now.
fn told(path: &Path, config: &Config) -> Loaded {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Loaded::new(path, now, config.written.clone())
}

/// How many lanes answer over UDP.
fn lanes(server: &Server) -> usize {
    server.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Takes over what an earlier process kept, and says what it was.
fn open_state(directory: Option<&Path>, registry: &Registry) -> Result<(Store, Kept), StateError> {
    let Some(directory) = directory else { return Ok((Store::nowhere(), Kept::default())) };
    let (store, kept) = Store::open(directory, control::moment(), registry)?;
    for (subject, hold) in kept.holds.iter() {
        info!(%subject, state = hold.held.word(), author = hold.grounds.author, reason = hold.grounds.reason, "still held");
    }
    Ok((store, kept))
}

/// What of `[server]` is settled at the start.
fn settled(server: &Server) -> impl PartialEq + use<'_> {
    let tls = server.tls.as_ref().map(|tls| &*tls.listen);
    let admin = (server.admin, server.admin_tls.is_some());
    (&*server.listen, tls, server.threads, admin, server.state_dir.as_deref())
}

fn words(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
