//! Every upper bound in the program, with its reason.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Longer than any process runs; keeps sums of instants and durations representable.
pub const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Largest UDP answer: fits every path without fragments (DNS Flag Day 2020).
pub const UDP_ANSWER_MAX: u16 = 1232;
/// Largest UDP answer to a question without EDNS (RFC 1035 4.2.1).
pub const UDP_ANSWER_MIN: u16 = 512;
/// Largest UDP question read: any datagram. A cut one would be refused as malformed, padding and all.
pub const UDP_QUESTION_MAX: usize = 65_535;
/// Datagrams received or sent by one system call: twice as many as 32 save 60 ns of processor time for each, in which 64 answers wait for a
/// quarter of a millisecond at the most; more save nothing that can be measured.
pub const UDP_BATCH: usize = 64;
/// Names that a lane remembers; a power of two. A federation has a few, and 9 KiB leave room in the nearest cache.
pub const NAMES_RECENT: usize = 64;
/// Octets of the longest of them: few names of a federation are longer, and with this one takes two lines of memory.
pub const NAME_RECENT_MAX: usize = 63;
/// Octets of a table of names that stays in the caches of a core; of a larger one, what a batch needs is read ahead.
pub const NAMES_CACHED: usize = 256 << 10;
/// Batches that a lane takes from one of its sockets before it looks at the others.
pub const LANE_TURNS: usize = 8;
/// How long a lane may hear nothing before it looks whether there is a newer snapshot or the process stops: a snapshot of a
/// million domains is not kept for longer than that because nobody asks.
pub const LANE_IDLE: Duration = Duration::from_millis(100);
/// After a start or a reload, until everything stands, and the configuration before is surely freed: lanes let go of it within `LANE_IDLE`.
pub const MEMORY_SETTLES: Duration = Duration::from_secs(1);
/// How much nicer than the other threads a lane is: with less, a busy lane keeps the control task waiting for milliseconds all the same; more
/// gains nothing.
pub const LANE_NICE: i32 = 5;
/// Lanes: more cores than any server has that answers DNS.
pub const LANES_MAX: usize = 256;
/// Questions that wait for the full lane: a few milliseconds of its work; whoever would wait longer asks again.
pub const DECLINED_QUEUE: usize = 1024;
/// Padded answers are so many octets long, or a multiple of it: what RFC 8467 section 4.1 recommends for answers.
pub const PADDED_BLOCK: usize = 468;
/// Addresses in one answer: fits a TCP message with room to spare, and no peer tries more.
pub const ANSWER_ADDRESSES_MAX: usize = 1024;
/// Address records beside an SRV or NS answer: what fits 1,232 octets several times over; rendering more for nobody is a lever
/// for whoever wants us busy.
pub const ADDITIONAL_RECORDS_MAX: usize = 128;
/// Connections over one transport; fewer where few files are allowed. Each holds a socket and, if its peer means harm, up to
/// half a MiB of buffers with those of the system; next to nothing if it does not.
pub const STREAMS_MAX: usize = 1024;
/// Connections over one transport that are allowed however few files are: less is no service.
pub const STREAMS_MIN: usize = 32;
/// One client (an IPv4 address, an IPv6 /56) holds at most one of so many parts of the connections over a transport: busy
/// resolvers share an address, and no single one may be able to take every seat.
pub const STREAM_CLIENT_PART: usize = 2;
/// A connection on which nobody asks is closed after this (RFC 7766 section 6.2.3 leaves the value to us).
pub const STREAM_IDLE: Duration = Duration::from_secs(10);
/// The same when nearly every seat is taken: one retransmission of a question in flight is still waited for.
pub const STREAM_IDLE_MIN: Duration = Duration::from_secs(2);
/// From the first octet of a message to its last: honest peers send both in one segment.
pub const STREAM_MESSAGE: Duration = Duration::from_secs(5);
/// A peer that does not take its answers for so long is cut off.
pub const STREAM_STUCK: Duration = Duration::from_secs(10);
/// Octets of answers that wait for one write; at most one largest answer more is held.
pub const STREAM_ANSWERS_MAX: usize = 32 << 10;
/// Answers of one connection that are sought at once: more than a resolver's client asks in one go, and nothing is read while
/// so many are.
pub const STREAM_LATER_MAX: usize = 64;
/// Questions for which upstreams are asked at once, over all transports: each holds a socket or a place in a connection.
pub const FORWARDS_MAX: usize = 256;
/// Answers of upstreams that may be kept, a few hundred octets each.
pub const RESOLVER_CACHE_MAX: usize = 1_000_000;
/// How long upstreams may take: less than a packet to the other side of the world is no time, and no client waits for more.
pub const RESOLVER_TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(30);
/// Shortest prefix that is resolved for: 10.0.0.0/8 and fc00::/7 are the widest that anybody has for himself.
pub const RESOLVER_ALLOW_LENGTH_MIN: u8 = 7;
/// Upstreams: more are never asked within one timeout.
pub const UPSTREAMS_MAX: usize = 16;
/// Octets asked of the system at a time; a buffer grows with what has arrived, not with what a length promises.
pub const STREAM_READ: usize = 2 << 10;
/// Questions on one connection: message IDs repeat after so many, and nobody keeps a seat for ever by asking.
pub const STREAM_QUESTIONS_MAX: usize = 1 << 16;
/// How long taking leave may take: a peer that was still sending may read our last answers before the socket is closed under it.
pub const STREAM_FAREWELL: Duration = Duration::from_secs(1);
/// From the accepted connection to the end of its TLS handshake.
pub const TLS_HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a connection is kept for a question that may be on its way when the process stops: a round trip around the world, and
/// a client on a busy machine.
pub const STREAM_LAST_WORD: Duration = Duration::from_secs(1);
/// How long a client that goes on asking is answered when the process stops.
pub const STREAM_LAST_TALK: Duration = Duration::from_secs(3);
/// How long connections may take to end in order when the process stops: the last talk, and the leave that is taken after it.
pub const STREAM_DRAIN: Duration = Duration::from_secs(5);
/// After an accept() that failed for want of files or memory: it fails again at once until something was freed.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Spacing of log lines about that.
pub const ACCEPT_LOG: Duration = Duration::from_secs(60);

/// Sites: the run-books of one lost pool name each of them, and no deployment of Lync has more.
pub const SITES_MAX: usize = 64;
/// Characters in a site's name, as in Topology Builder.
pub const SITE_IDENTITY_MAX: usize = 64;
/// Labels in an owner prefix: `_service._proto` and two more for sub-domains.
pub const PREFIX_LABELS_MAX: usize = 4;
/// Clients are divided into at most this many regions: their orders and those of the weight slots share 16-bit indices.
pub const REGIONS_MAX: usize = 65_000;
/// Pools in one configuration: orders are kept for each region, and an operator must be able to read them.
pub const POOLS_MAX: usize = 256;
/// Views in one configuration: kinds of inside that an operator can keep apart; each costs at most a row for each service.
pub const VIEWS_MAX: usize = 64;
/// Services in one group: each is rendered with a look at all of them, and an operator must see why a pool is not eligible.
pub const GROUP_MAX: usize = 32;
/// Endpoints in one pool: their A records and an SRV still fit a TCP answer many times over.
pub const ENDPOINTS_MAX: usize = 256;
/// Services in one configuration: three levels of 128 rows.
pub const SERVICES_MAX: usize = 128 * 128 * 128;
/// Prefixes of each family that stand for the clients of one kind, where worlds are compared: to try one, not to have all.
pub const CENSUS_EXAMPLES: usize = 2;
/// Slots over which weights are spread: a weight is exact to 1/256 of the client prefixes.
pub const WEIGHT_SLOTS: usize = 256;
/// Largest configuration file and largest overrides file, octets.
pub const CONFIG_FILE_MAX: u64 = 16 << 20;
/// Largest domain list, octets: ten million domains.
pub const DOMAINS_FILE_MAX: u64 = 512 << 20;
/// Master files of one zone together, octets: a million records and more; offsets into their data fit 32 bits.
pub const RECORDS_MAX: u64 = 64 << 20;
/// Files that include one another: a reader of so deep a nest is lost.
pub const INCLUDE_DEPTH_MAX: usize = 8;
/// Records of one name and type, octets with their heads: they fit a TCP message with room for everything else.
pub const RRSET_OCTETS_MAX: usize = 60_000;
/// Aliases that are followed in one answer: resolvers give up sooner, and a loop ends.
pub const ALIASES_MAX: u8 = 12;
/// Hosts of one MX, SRV or NS set whose addresses are looked up to stand beside it.
pub const ADDITIONAL_HOSTS_MAX: usize = 16;
/// Longest TTL of a static record, seconds (RFC 2181 section 8).
pub const STATIC_TTL_MAX: u32 = (1 << 31) - 1;
/// Errors shown in full; the rest is counted.
pub const DIAGNOSTICS_SHOWN_MAX: usize = 100;
/// Largest MaxMind-format file, octets: the largest commercial city files are under 300 MiB.
pub const GEO_DATABASE_MAX: u64 = 1 << 30;
/// Branches of a MaxMind-format search tree that are followed: several times those of the largest commercial city files, and
/// a file that loops is refused within a second or two.
pub const GEO_TREE_STEPS_MAX: u32 = 1 << 26;

/// Probes in flight at once where few files are allowed. Where more are, there is room for one of every target, so that
/// thousands that fall silent together do not wait for one another's time-outs; it is the targets that bound them then.
pub const PROBES_IN_FLIGHT_MIN: usize = 256;
/// Probes that one network (an IPv4 /24, an IPv6 /56) gets at once; those beyond take turns.
pub const NETWORK_BURST: u32 = 32;
/// Probes a second that a network gets at least; its targets may demand more, each one for each `confirm`.
pub const NETWORK_RATE_MIN: f64 = 200.0;
/// Octets read from a probed server before it must have answered.
pub const PROBE_ANSWER_MAX: usize = 16 << 10;
/// Longest path of a check's HTTP request, octets: one line that every server reads.
pub const REQUEST_PATH_MAX: usize = 1024;
/// How old imported verdicts may be: below, no writer keeps up; above, they are history.
pub const VERDICTS_AGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);
/// Largest file of imported verdicts, octets: 100,000 lines and more.
pub const VERDICTS_FILE_MAX: u64 = 8 << 20;
/// How often such a file is looked at, however many targets it speaks of.
pub const VERDICTS_LOOK: Duration = Duration::from_millis(250);
/// Commands that run at once for "exec" checks: each is a process, and whatever it starts.
pub const COMMANDS_AT_ONCE: usize = 64;
/// Octets that such a command may print: a line for people, not a report.
pub const COMMAND_OUTPUT_MAX: usize = 16 << 10;
/// How often a STUN request is sent over UDP before nobody is there (federation.md 4.2).
pub const STUN_TRIES: u32 = 3;
/// Elements within elements of an XMPP stream that are looked into: features are three deep.
pub const XML_DEPTH_MAX: usize = 8;
/// Names that a server's certificate must hold for in each probe. A service with more is checked by as many, spread evenly
/// over its domains: no certificate of an Edge names more.
pub const CERTIFICATE_NAMES_MAX: usize = 64;
/// Of the probes in flight, those that only confirmations may be: a mind that may change does not wait behind routine.
pub const PROBES_RESERVED: usize = 64;
/// First probes that start without any spread; more than these would meet one another at a firewall.
pub const FIRST_PROBES_AT_ONCE: usize = 16;
/// Over which time more first probes than that are spread: long enough to be no burst, short enough for a start.
pub const FIRST_PROBES_SPREAD: Duration = Duration::from_millis(250);
/// How long past one round trip a TLS server may take to refuse our certificate after a TLS 1.3 handshake.
pub const TLS_REFUSAL_GRACE: Duration = Duration::from_millis(100);
/// Octets read per second from a kept connection; what it sends means nothing, so a flood waits in the kernel.
pub const TRIPWIRE_OCTETS_PER_SECOND: usize = 64 << 10;
/// Kept connections lost in a row, each with a passed probe after it, that prove a habit of closing.
pub const TRIPWIRE_HABITS_MAX: u32 = 3;
/// How long the tripwire of such a target rests: its habit costs a few extra probes in this time.
pub const TRIPWIRE_REST: Duration = Duration::from_secs(600);
/// Characters of what a peer said that are repeated to people.
pub const QUOTE_MAX: usize = 80;
/// A certificate that ends within this time is warned of: renewal by hand takes an organisation days.
pub const CERTIFICATE_ENDS_SOON: Duration = Duration::from_secs(14 * 86_400);
/// How often the same endpoint's check warns of it.
pub const CERTIFICATE_SAID_EVERY: Duration = Duration::from_secs(86_400);
/// Names of a certificate that are repeated to people.
pub const CERTIFICATE_NAMES_SHOWN_MAX: usize = 8;
/// Connections to one simulated edge: probes of a demo and a few curious people.
pub const SIMULATED_CONNECTIONS_MAX: usize = 64;
/// Largest request that a simulated edge reads, octets.
pub const SIMULATED_REQUEST_MAX: usize = 16 << 10;
/// Observations waiting for the control task; a probe that cannot hand over its result waits.
pub const OBSERVATIONS_QUEUE: usize = 1024;
/// Observations judged before one publish.
pub const OBSERVATIONS_BATCH: usize = 256;
/// Half-life and longest time of damping: below, nothing is remembered; above, it is a hold.
pub const DAMPING_TIME: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);
/// Largest thresholds of damping, in losses.
pub const DAMPING_LOSSES_MAX: u32 = 1000;
/// Third parties that are asked whether our own uplink works: more prove no more.
pub const REFERENCES_MAX: usize = 16;
/// How often each of them is asked, and how long it may take: known sooner than a default check believes in a loss, and no burden.
pub const REFERENCE_INTERVAL: Duration = Duration::from_secs(1);
/// Pools that are struck within this time of each other are struck together: two rounds of the default check and its time-outs.
pub const DOUBT_WINDOW: Duration = Duration::from_secs(15);
/// Without references, so many pools must fail together before we doubt ourselves: two are an outage as often as not.
pub const DOUBT_POOLS_MIN: usize = 3;
/// How long a doubt without references lasts at most: longer than most of our own troubles as a rebooted router, and what an outage
/// of everything that is real may wait, since there is hardly anywhere else to go.
pub const DOUBT_ALIKE_MAX: Duration = Duration::from_secs(60);
/// How long a doubt with references lasts at most: they may have gone, or somebody may filter us, and half of the pools may live.
pub const DOUBT_REFERENCES_MAX: Duration = Duration::from_secs(15 * 60);
/// How late the prober or the control task may be before somebody must look: many times what load does, and less than what verdicts
/// may be old.
pub const WATCHDOG_PATIENCE: Duration = Duration::from_secs(10);
/// How often the watchdog looks.
pub const WATCHDOG_LOOK: Duration = Duration::from_secs(1);
/// Observations remembered of each target, for people: two minutes of routine, or a whole change of mind with what led to it;
/// three quarters of a KiB for each target.
pub const HISTORY_LENGTH: usize = 16;
/// Targets whose observations are told at once: more than a page shows, and well under a millisecond of the control task.
pub const HISTORIES_ASKED_MAX: usize = 1000;
/// Commands waiting for the control task.
pub const COMMANDS_QUEUE: usize = 16;
/// Events kept for slow readers of the event stream; the oldest are lost first.
pub const EVENTS_QUEUE: usize = 1024;
/// Pools of a service that are lost within this time of its last one, and return within it of the first, were one outage:
/// several times what detection takes with the default check.
pub const OUTAGE_SETTLES: Duration = Duration::from_secs(30);
/// Characters of a hold's reason and author: a line that people read at night.
pub const HOLD_REASON_MAX: usize = 200;
/// Longest hold with an end: whoever wants longer wants another configuration.
pub const HOLD_MAX: Duration = Duration::from_secs(30 * 86_400);
/// Holds at once: all are written with each change, and people must be able to read them.
pub const HOLDS_MAX: usize = 1024;
/// Writes waiting for the disk; what does not fit is said not to be kept.
pub const STATE_QUEUE: usize = 64;
/// Largest file of state, octets: verdicts of a million targets.
pub const STATE_FILE_MAX: u64 = 256 << 20;
/// Damaged or foreign files of one name that are kept beside it: enough to see what happened, and few, because each may be large.
pub const STATE_ASIDE_MAX: usize = 4;
/// After a write that failed: the first and the longest wait for the next.
pub const STATE_RETRY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
/// Verdicts that were written longer ago say nothing of now: a restart takes seconds, a reboot minutes.
pub const STATE_FRESH: Duration = Duration::from_secs(300);
/// Beliefs that have changed are written at most so often.
pub const STATE_SAVE_AT_MOST: Duration = Duration::from_secs(1);
/// Beliefs that have not changed are written again after this, so that they stay fresh: a small part of `STATE_FRESH`.
pub const STATE_SAVE_AT_LEAST: Duration = Duration::from_secs(30);
/// Saying beliefs takes at most one part in so many of the control task's time.
pub const STATE_PART: u32 = 50;
/// Largest `max_changes_per_minute`: each is remembered for a minute.
pub const CHANGES_PER_MINUTE_MAX: u32 = 10_000;
/// How often the log may say that probes cannot be sent.
pub const LOCAL_TROUBLE_EVERY: Duration = Duration::from_secs(60);
/// Log lines that may wait for a slow reader of our output; beyond, they are lost and counted rather than waited for.
pub const LOG_LINES_MAX: usize = 16_384;
/// What the admin listener has begun to answer may take so long once it is to end: an order waits for a disk, and DNS is silent by then.
pub const ADMIN_FAREWELL: Duration = Duration::from_secs(1);
/// How long tasks may take to end once the process was told to.
pub const STOP_WITHIN: Duration = Duration::from_secs(3);
/// How often retired snapshots are looked at, and so how long the last one is kept at least.
pub const RETIRE_SWEEP: Duration = Duration::from_secs(1);

/// Longest TTL: a name that peers keep for longer than a day is not steered.
pub const TTL_MAX: Duration = Duration::from_secs(86_400);
/// Longest TTL of steered records without a warning: peers keep a dead pool for so long.
pub const TTL_ADVISED: Duration = Duration::from_secs(300);
/// Spacing of probes while all is well: below, a probe is an attack; above, a verdict is history.
pub const CHECK_INTERVAL: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(3600);
/// Deadline of one probe: it bounds how long a silent endpoint passes for live.
pub const CHECK_TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60);
/// Spacing of confirming probes: it bounds detection together with the timeout.
pub const CHECK_CONFIRM: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60);
/// Results in a row that change a mind; more only delays.
pub const CHECK_RUN_MAX: u32 = 100;
/// Longest wait of the DNS sockets for the first round of probes: a server that stays dark longer is an outage.
pub const STARTUP_GRACE_MAX: Duration = Duration::from_secs(300);
/// The share of client networks that try a pool in its canary, in ten thousandths: some, and no more than half.
pub const CANARY_SHARE: RangeInclusive<u16> = 1..=5000;
/// Longest `failback`; whoever wants longer wants "manual".
pub const FAILBACK_MAX: Duration = Duration::from_secs(30 * 86_400);
/// Largest weight: sums over all pools fit 32 bits many times over.
pub const WEIGHT_MAX: u32 = 65_535;
/// Listening sockets: each costs a thread or a task.
pub const LISTEN_MAX: usize = 64;
/// Largest PEM file, octets: a chain or a private CA bundle, not the whole Mozilla list many times over.
pub const PEM_FILE_MAX: u64 = 1 << 20;
/// What takes longer than this is shown to whoever waits at a terminal: nobody wonders about a second.
pub const PROGRESS_AFTER: Duration = Duration::from_secs(1);
/// Probes that `check --probe` and `reach` make at once: an hour's patience of firewalls is not worth a second.
pub const CHECK_PROBES_AT_ONCE: usize = 64;
/// How long `reach` waits for a port: a firewall that drops packets says nothing.
pub const REACH_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one server is waited for by `check --outside`, each time.
pub const OUTSIDE_TIMEOUT: Duration = Duration::from_secs(2);
/// How often it is asked.
pub const OUTSIDE_TRIES: u32 = 2;
/// Questions that `check --outside` has under way: resolvers limit those who ask much.
pub const OUTSIDE_AT_ONCE: usize = 8;
/// Zones that are looked at from outside; names delegated one by one are zones.
pub const OUTSIDE_ZONES_MAX: usize = 100;
/// First domains of each service that are looked at from outside: the others are published in the same way.
pub const OUTSIDE_DOMAINS_MAX: usize = 10;
/// Servers of one zone that are asked.
pub const OUTSIDE_SERVERS_MAX: usize = 13;
/// Domain lists up to here are compared name by name with the pools' FQDNs; longer ones are a hosting provider's.
pub const LINT_DOMAINS_MAX: usize = 100;
/// Longest name or version told of this server, octets: no answer grows much by it.
pub const IDENTITY_MAX: usize = 128;
/// Largest file of cookie secrets, octets: two lines with room for blank ones.
pub const COOKIE_SECRET_FILE_MAX: u64 = 4 << 10;
/// Cookie secrets: the one in use and its neighbour during a change (RFC 7873 section 7.1).
pub const COOKIE_SECRETS_MAX: usize = 2;
/// Largest file of a shared secret, octets: its one line with room for blank ones.
pub const SECRET_FILE_MAX: u64 = 4 << 10;
/// Octets of a shared secret: below, it could be guessed; above a block of HMAC-SHA-512 it gains nothing (RFC 2104 section 3).
pub const SHARED_SECRET: RangeInclusive<usize> = 16..=128;
/// Who may be told of events: each has a thread and a queue.
pub const NOTIFIED_MAX: usize = 16;
/// Messages that wait on disk for one of them; the oldest give way.
pub const NOTIFICATIONS_KEPT: usize = 1000;
/// How long somebody may take to accept a message.
pub const NOTIFY_TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);
/// From a message that was not accepted to the next attempt at first; it doubles up to `NOTIFY_RETRY_MAX`.
pub const NOTIFY_RETRY: Duration = Duration::from_secs(1);
/// The longest time between two attempts.
pub const NOTIFY_RETRY_MAX: Duration = Duration::from_secs(60);
/// A message that nobody accepted for so long tells nothing new any more.
pub const NOTIFY_GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a gate may take: partners wait for it.
pub const GATE_TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(30);
/// From a gate's "stay" to the next time that it is asked, while what it was asked for is still wanted.
pub const GATE_AGAIN: Duration = Duration::from_secs(30);
/// Gates' answers that wait for the control task; a gate waits for room.
pub const GATES_QUEUE: usize = 16;
/// Octets of an answer that are shown to people.
pub const NOTIFY_ANSWER_SHOWN: usize = 200;
/// Zones that are transferred at once: each holds a message, and reads its zone, which a reload cannot free until then.
pub const TRANSFERS_MAX: usize = 16;
/// Octets of one message of a transfer: names are compressed as far as a pointer reaches (RFC 1035 section 4.1.4), and a slow reader
/// takes it well within `STREAM_STUCK`.
pub const TRANSFER_MESSAGE: usize = 16 << 10;
/// Answers a second that a limit may allow to one network: more is no limit.
pub const RATE: RangeInclusive<u32> = 1..=1_000_000;
/// Largest `slip`: beyond, a resolver over the limit hears nothing at all.
pub const SLIP_MAX: u32 = 10;
/// Client networks and classes whose rates one lane knows at once, 24 octets each; the idlest is forgotten first.
pub const RATES_KNOWN_MAX: usize = 1 << 16;
/// Longest source line shown in an error, octets; a longer one is named by its position alone.
pub const EXCERPT_MAX: usize = 4096;
/// Open files beside one kept connection for each target and those of DNS clients: probes in flight, listening sockets, admin.
pub const FILES_SPARE: usize = 512;
/// First domains of a service that are remembered to show whom it is about.
pub const DOMAINS_FIRST_MAX: usize = 3;
/// Items on one page of an API list.
pub const API_PAGE_MAX: usize = 1000;
/// Items on one page where nobody says how many.
pub const API_PAGE: usize = 100;
/// Octets of metrics that tell of each pool of each service, about: some 30,000 series, as many as a large fleet's endpoints have.
pub const SERVICE_SERIES_OCTETS: usize = 4 << 20;
/// Items of one list of the configuration that are shown; the rest is counted.
pub const CONFIG_ITEMS_SHOWN: usize = 200;
/// Names beside an item of an API list; the rest is counted.
pub const API_NAMES_MAX: usize = 16;
/// How old what the control task believes may be when it is shown: however many look, it is asked no more often.
pub const REPORT_FRESH: Duration = Duration::from_millis(500);
/// Events that are kept for those who ask what happened, some hundred octets each: a bad day's worth.
pub const EVENTS_KEPT: usize = 2048;
/// Streams of events at once: fifty dashboards and some programs; fewer than there are connections.
pub const EVENT_STREAMS_MAX: usize = 96;
/// Events that wait for one slow reader's connection; beyond, the ring keeps them for it.
pub const EVENT_STREAM_QUEUE: usize = 16;
/// Spacing of signs of life on a stream without events: proxies and we cut off what is silent.
pub const EVENT_STREAM_ALIVE: Duration = Duration::from_secs(10);
/// Services in one status: what people can read; the metrics have all.
pub const STATUS_SERVICES_MAX: usize = 1000;
/// Targets in one status.
pub const STATUS_TARGETS_MAX: usize = 10_000;
/// Files beside one message between a process and the one that replaces it; the system takes 253.
pub const HANDOVER_FILES: usize = 64;
/// Octets of what one process knows: the state of tens of thousands of targets, and what was counted.
pub const HANDOVER_TEXT_MAX: u64 = 64 << 20;
/// How long two processes wait for each other's next word, of which each is at hand.
pub const HANDOVER_WAIT: Duration = Duration::from_secs(10);
/// How long the running process waits until the next one answers: it may have new targets to probe first, and then be slow.
pub const HANDOVER_START: Duration = Duration::from_secs(STARTUP_GRACE_MAX.as_secs() + 60);
/// How often the admin listener and the queues of notifications are tried for again after a replacement that came to nothing: for a minute,
/// then whoever watches `/readyz` had better start us anew.
pub const HANDOVER_REOPEN_TRIES: u32 = 60;
/// And how far apart.
pub const HANDOVER_REOPEN_PAUSE: Duration = Duration::from_secs(1);
/// Sockets that are taken over, or given by the service manager: every lane's on every address, and their listeners.
pub const SOCKETS_MAX: usize = 2 * LISTEN_MAX * (LANES_MAX + 1);
/// Between two looks at the files of a configuration: a change is taken over after it was still for one.
pub const WATCH_LOOK: Duration = Duration::from_millis(500);
/// Looks take no more than one part in so many of our time, however many files there are and however slow their disk.
pub const WATCH_PART: u32 = 100;
/// Octets of one request's body to the admin listener: an order with its reason, many times over.
pub const ADMIN_BODY_MAX: usize = 16 << 10;
/// How long one request may take from its head to the head of its answer: longer than a slow disk is waited for.
pub const ADMIN_REQUEST: Duration = Duration::from_secs(15);
/// Requests a second that one address may make: a hundred dashboards behind one, that look twice a second.
pub const ADMIN_RATE: f64 = 200.0;
/// Requests that it may make at once.
pub const ADMIN_BURST: f64 = 1000.0;
/// Clients whose rates are known at once; the idlest is forgotten first.
pub const ADMIN_CLIENTS_MAX: usize = 1024;
/// Refusals of the admin listener that are told in a minute; the rest is counted, so that a flood fills no disk.
pub const ADMIN_REFUSALS_TOLD: u32 = 60;
/// Connections of the admin listener: a scraper and fifty browsers with a stream each; each holds a file of `FILES_SPARE`.
pub const ADMIN_CONNECTIONS_MAX: usize = 192;
/// How long an admin connection may say nothing, and how long it may take to ask: longer than the pauses of a person who types, shorter
/// than most scrapes' interval.
pub const ADMIN_IDLE: Duration = Duration::from_secs(30);
/// Entries that wait for the writer of the audit trail; beyond, they are lost and counted rather than waited for.
pub const AUDIT_QUEUE: usize = 4096;
/// Entries of the audit trail that are written, and brought to the disk, together.
pub const AUDIT_BATCH: usize = 256;
/// Longest line of the audit trail, octets; details that would make it longer are left out.
pub const AUDIT_LINE_MAX: usize = 64 << 10;
/// A file of the audit trail that has grown to this is closed, and the next begun, octets.
pub const AUDIT_FILE_MAX: u64 = 16 << 20;
/// Closed files of the audit trail that are kept; the oldest gives way.
pub const AUDIT_FILES_MAX: usize = 15;
/// Spacing of log lines about an audit trail that cannot be written.
pub const AUDIT_COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// Octets at the end of the audit trail that one look at it may read: some thousand lines.
pub const AUDIT_TAIL_MAX: u64 = 2 << 20;
/// Services that one line of the audit trail names; the rest is counted.
pub const AUDIT_NAMES_MAX: usize = 16;
