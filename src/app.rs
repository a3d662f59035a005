//! The composition root: builds every room, joins them, starts and stops them in order.
//!
//! `load` is the slow half (files to topology), shared by every command and every reload. `Running` is the process at work.

use crate::admin::{self, Access, Admin, AdminError, Loaded, Shown, WellKnown};
use crate::audit::{self, Audit, Entry, Writer};
use crate::config::{self, Config, Diagnostics, Outline, Server, Stamp};
use crate::control::{self, Control, Handle, Metrics};
use crate::geo::{BadDatabase, Database, Places};
use crate::handover::Door;
use crate::lane::{Given, Lanes, ListenError, Sockets, Tally};
use crate::limits::{FILES_SPARE, OBSERVATIONS_QUEUE, STOP_WITHIN, STREAMS_MAX, STREAMS_MIN};
use crate::notify::{self, Notifier};
use crate::probe::Prober;
use crate::state::{PATIENCE, StateError, Store};
use crate::topology::{self, CompileError, Stamps, Topology};
use prometheus::{IntGauge, Registry};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

mod estate;
mod handover;
mod memory;
mod reload;
mod watch;

pub use estate::Estate;
use estate::{Bound, doors};
use memory::{Memory, Weighing};
pub use watch::Watch;

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
    /// The files that it was made from, as they were.
    pub files: Vec<Stamp>,
    /// Octets of memory by which the process rose above what it had before; `None` where that could not be seen.
    pub cost: Option<u64>,
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
    read(path, None).map_err(|(refused, _)| refused)
}

/// The same with another country or city database than the configuration names.
///
/// # Errors
/// Everything that is wrong with it, for people.
pub fn load_with(path: &Path, database: Option<&Path>) -> Result<World, LoadError> {
    read(path, database).map_err(|(refused, _)| refused)
}

/// As [`load_with`]; where it is refused, with the files that were read.
fn read(path: &Path, database: Option<&Path>) -> Result<World, (LoadError, Vec<Stamp>)> {
    let weighing = Weighing::begin();
    let config::Loaded { outcome, files } = config::read(path);
    let compiled = outcome.map_err(LoadError::Config).and_then(|(mut config, warnings)| {
        if let Some(database) = database {
            config.geoip.database = config::Database::File(database.to_owned());
        }
        compile(config, warnings)
    });
    match compiled {
        Ok(world) => Ok(World { files, cost: weighing.end(), ..world }),
        Err(refused) => Err((refused, files)),
    }
}

/// Compiles a configuration that was read.
///
/// # Errors
/// Where its country database cannot be used, or something is too much of it.
pub fn compile(config: Config, warnings: Diagnostics) -> Result<World, LoadError> {
    let database = Database::open(&config.geoip.database)?;
    let geography = database.describe();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let stamps = Stamps { serial: now as u32, geo_build_epoch: database.build_epoch() };
    let partners: Vec<_> = config.partners.iter().map(|partner| partner.prefixes.clone()).collect();
    let places = Places::new(database, &config.geoip.overrides, &partners);
    let topology = Arc::new(topology::compile(&config, places, stamps)?);
    Ok(World { outline: Outline::of(config), warnings, topology, geography, files: Vec::new(), cost: None })
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
    /// The system gives no thread.
    #[error("no thread can be started: {0}")]
    Thread(std::io::Error),
}

/// The process at work.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    outline: Outline,
    geography: String,
    memory: Memory,
    /// What the sockets were made from: a reload cannot change it.
    started: Server,
    control: Handle,
    task: JoinHandle<()>,
    audit: Audit,
    recording: JoinHandle<()>,
    notifier: Notifier,
    trail: Writer,
    lanes: Lanes,
    /// `None` while another process takes over.
    admin: Option<Admin>,
    /// The admin listener's socket, for whoever comes after us.
    listener: TcpListener,
    shown: Shown,
    store: Store,
    door: Option<Arc<Door>>,
    /// Until the process before us has gone.
    relieving: Option<JoinHandle<()>>,
    well_known: WellKnown,
    serving: Arc<AtomicBool>,
    reload_success: IntGauge,
    watch: Watch,
    /// Whether it may neither run commands nor read elsewhere.
    is_confined: bool,
}

impl Running {
    /// Starts everything. DNS is answered once every target was probed or the grace is over, so that nobody is sent to a pool merely
    /// because we have just started; sockets that the estate lacks are bound then.
    ///
    /// # Errors
    /// Where a socket cannot be had.
    pub async fn start(path: PathBuf, world: World, mut estate: Estate) -> Result<Self, StartError> {
        let World { outline, topology, geography, files, cost, .. } = world;
        let config = outline.config();
        let doors = doors(&config.server, connections(topology.targets.len()));
        let Bound { dns: sockets, admin: listener, well_known } = estate.sockets(config)?;
        let registry = Registry::new();
        let (store, kept) = estate.state(config, &registry)?;
        let (observations_in, observations) = mpsc::channel(OBSERVATIONS_QUEUE);
        let prober = Prober::start(observations_in);
        let metrics = Metrics::new(&registry)?;
        let certificates = metrics.certificates().clone();
        let (control, handle) = Control::new(topology.clone(), prober, observations, (store.clone(), kept), metrics);
        certificates.register(&registry, handle.lake())?;
        handle.watchdog().register(&registry)?;
        admin::register(&registry, handle.lake())?;
        let (audit, trail) = open_audit(config.server.state_dir.as_deref(), audit::Metrics::new(&registry)?);
        audit.record(Entry::of("start", estate.how()).at(handle.lake().load().generation));
        let notifying = notify::Metrics::new(&registry)?;
        let recording = tokio::spawn(control::record(handle.events(), audit.clone()));
        let reload_success = reload_gauge(&registry)?;
        let (tally, memory) = (Tally::new(&registry)?, Memory::new(&registry, cost, watch::sizes(&files))?);
        let serving = Arc::new(AtomicBool::new(false));
        let shown =
            Shown::new(registry, handle.clone(), serving.clone(), certificates, audit.clone(), told(&path, config));
        tokio::spawn(shown.keep_events());
        let inherited = estate.knowledge();
        inherited.into_iter().for_each(|knowledge| shown.inherit(&knowledge.counters));
        let token = inherited.map(|knowledge| &*knowledge.token).filter(|token| !token.is_empty());
        let admin = handover::open_admin(&listener, token, config, shown.clone())?;
        let well_known = WellKnown::start(well_known, handle.lake())?;
        tell_what_is_loaded(config, &topology, &geography);
        let began = Instant::now();
        let task = tokio::spawn(control.run());
        first_round(&handle, config.server.startup_grace, topology.targets.len()).await;
        let sockets = sockets.map_or_else(|| Sockets::bind(doors, &mut Given::default()), Ok)?;
        let lanes = Lanes::start(doors, sockets, &config.server.dns, handle.lake(), tally)?;
        serving.store(true, Ordering::Release);
        let notifier = notifier(config, &handle, notifying).await?;
        let (listen, tls) = (words(lanes.addresses()), words(lanes.tls_addresses()));
        let tls = (!tls.is_empty()).then_some(tls);
        info!(listen, tls, admin = %admin.address(), waited = ?began.elapsed(), "answering");
        let relieving = estate.elder().map(|elder| handover::relieve(elder, shown.clone()));
        let (door, started) = (estate.door(config), config.server.clone());
        let watch = Watch::new(files, started.watch);
        Ok(Self {
            path,
            outline,
            geography,
            memory,
            started,
            control: handle,
            task,
            audit,
            recording,
            notifier,
            trail,
            lanes,
            admin: Some(admin),
            listener,
            shown,
            store,
            door,
            relieving,
            well_known,
            serving,
            reload_success,
            watch,
            is_confined: estate.is_confined(),
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
        self.listener.local_addr().unwrap_or(self.started.admin)
    }

    /// Who notices that a file of the configuration was changed since it was read, if somebody is to.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Reads the configuration again and publishes it; whatever is wrong with it changes nothing. Returns whether it was taken over.
    pub async fn reload(&mut self) -> bool {
        let world = match self.read_again().await {
            Ok(world) => world,
            Err(why) => return self.refused(&why),
        };
        let mut changes = world.outline.describe_changes(&self.outline);
        if world.geography != self.geography {
            changes.push(format!("[geoip] the database is now {}", world.geography));
        }
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
                let (access, told) = (access(world.outline.config()), told(&self.path, world.outline.config()));
                if let Some(admin) = &self.admin {
                    admin.obey(access, world.outline.config().server.admin_tls.as_ref(), told);
                }
                self.notifier.obey(&world.outline.config().notify).await;
                if let Some(tls) = &world.outline.config().server.tls {
                    self.lanes.show(tls);
                }
                info!(generation, "reload: taken over");
                let what = if changes.is_empty() { "nothing changed".to_owned() } else { changes.join("; ") };
                self.audit.record(Entry::of("reload", what).at(generation));
                self.memory.weighed(world.cost, watch::sizes(&world.files));
                self.watch = Watch::new(world.files, world.outline.config().server.watch);
                (self.outline, self.geography) = (world.outline, world.geography);
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
        // Each has a hand on the audit trail, whose end is waited for: connections of the admin listener end soon.
        drop((self.admin, self.shown));
        self.recording.abort();
        let _ = self.recording.await;
        self.audit.record(Entry::of("stop", "the server was told to stop"));
        drop(self.audit);
        let finished = tokio::task::spawn_blocking(|| self.trail.finish());
        if tokio::time::timeout(STOP_WITHIN, finished).await.is_err() {
            warn!("the end of the audit trail was not waited for any longer");
        }
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

/// Waits until every target was probed, or the grace is over.
async fn first_round(handle: &Handle, grace: Duration, targets: usize) {
    if tokio::time::timeout(grace, handle.first_round()).await.is_err() {
        let silent = handle.unseen();
        warn!(targets, silent, "startup_grace is over; a pool that is not proven alive is used only where none is");
    }
}

/// Tells people's systems what happens from now on: what was found out before anybody was answered moved nobody.
async fn notifier(config: &Config, handle: &Handle, metrics: notify::Metrics) -> Result<Notifier, StartError> {
    let notifier = Notifier::new(config.server.state_dir.as_deref(), handle.events(), metrics);
    let notifier = notifier.map_err(StartError::Thread)?;
    notifier.obey(&config.notify).await;
    Ok(notifier)
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
    Access::new(&config.tokens, &config.server.admin_hosts)
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

fn tell_what_is_loaded(config: &Config, topology: &Topology, geography: &str) {
    info!(
        services = config.services.len(),
        pools = config.pools.len(),
        names = topology.names.len(),
        targets = topology.targets.len(),
        regions = topology.regions.len(),
        geography,
        "configuration is loaded"
    );
}

/// What of `[server]` is settled at the start.
fn settled(server: &Server) -> impl PartialEq + use<'_> {
    let tls = server.tls.as_ref().map(|tls| &*tls.listen);
    let (admin, process) = ((server.admin, server.admin_tls.is_some()), (server.user.as_deref(), server.sandbox));
    let listen = (&*server.listen, tls, &*server.well_known);
    (listen, server.threads, admin, server.state_dir.as_deref(), process)
}

fn words(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
