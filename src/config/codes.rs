//! Every sort of diagnostic: its stable code and severity.
//!
//! A code keeps its name and meaning; `tests/config_errors.rs` demands a golden for each.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used and does probably not do what is meant.
    Warning,
}

/// A sort of diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code that people look up and programs match, kebab case.
    pub name: &'static str,
    /// Whether it forbids the configuration.
    pub severity: Severity,
    /// What it means, one sentence.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($all:ident $of:literal: $($severity:ident $name:ident $code:literal $meaning:literal)*) => {
        $(#[doc = $meaning] pub const $name: Code = Code { name: $code, severity: Severity::$severity, meaning: $meaning };)*

        #[doc = $of] pub const $all: &[Code] = &[$($name),*];
    };
}

codes! {
    ALL "Every code of a configuration.":
    // Files and syntax.
    Error   UNREADABLE_FILE         "unreadable-file"         "A file cannot be read."
    Error   FILE_TOO_LARGE          "file-too-large"          "A file is over its limit."
    Error   NOT_UTF8                "not-utf8"                "A text file is not UTF-8."
    Error   SYNTAX                  "syntax"                  "The text is not TOML."
    Error   DUPLICATE_KEY           "duplicate-key"           "A key or table stands twice."
    // Grammar.
    Error   UNKNOWN_KEY             "unknown-key"             "No such key exists."
    Error   MISSING_KEY             "missing-key"             "A key that has no default is absent."
    Error   WRONG_TYPE              "wrong-type"              "A value of another type is wanted."
    Error   UNKNOWN_WORD            "unknown-word"            "A word that is none of the choices."
    Error   UNKNOWN_KIND            "unknown-kind"            "A kind of service that this version does not have."
    Error   EMPTY_LIST              "empty-list"              "A list that needs at least one item has none."
    Error   TOO_MANY                "too-many"                "More items than the limit."
    Error   OUT_OF_RANGE            "out-of-range"            "A number or duration outside its range."
    Error   BAD_ENTRY_NAME          "bad-entry-name"          "A pool, service, partner or check has a name that metrics and URLs cannot carry."
    Error   UNQUOTED_NAME           "unquoted-name"           "A zone's apex without quotes became nested tables."
    Error   BAD_DURATION            "bad-duration"            "A text is no duration."
    Error   BAD_TTL                 "bad-ttl"                 "A TTL is zero, has fractions of a second or is too long."
    Error   BAD_DOMAIN_NAME         "bad-domain-name"         "A text is no domain name."
    Error   BAD_ADDRESS             "bad-address"             "A text is no IP address."
    Error   BAD_LISTEN              "bad-listen"              "A text is no IP address with a port."
    Error   BAD_PREFIX              "bad-prefix"              "A text is no address prefix."
    Error   BAD_COUNTRY             "bad-country"             "A text is no country code."
    Error   BAD_LOCATION            "bad-location"            "Coordinates that are no place on Earth, or the 0,0 that is written for unknown."
    Error   BAD_OWNER               "bad-owner"               "An owner name is not relative to the domain, or has too many labels."
    Error   BAD_OVERRIDE            "bad-override"            "A line of the overrides file is not prefix,country."
    Error   BAD_CERTIFICATE         "bad-certificate"         "A PEM file holds no usable certificate."
    Error   BAD_KEY                 "bad-key"                 "A PEM file holds no usable private key."
    Error   BAD_IDENTITY            "bad-identity"            "A text cannot be this server's name or version in an answer."
    Error   BAD_SITE_IDENTITY       "bad-site-identity"       "A text cannot be a site's name in Topology Builder."
    Error   BAD_USER                "bad-user"                "A text is no user that a process could become."
    Error   BAD_COOKIE_SECRET       "bad-cookie-secret"       "A file does not hold one or two secrets of DNS cookies."
    Error   BAD_TSIG_SECRET         "bad-tsig-secret"         "A file does not hold the secret of a TSIG key."
    Error   EXPOSED_SECRET          "exposed-secret"          "Everybody on the host can read a file of secrets."
    Error   HALF_IDENTITY           "half-identity"           "A certificate without its key, or the reverse."
    Error   MISMATCHED_IDENTITY     "mismatched-identity"     "A private key is not that of its certificate."
    Error   UNREACHABLE_ADDRESS     "unreachable-address"     "Clients can never reach the address."
    Error   BAD_TOKEN               "bad-token"               "A text is no hash of a token."
    Error   BAD_WEBHOOK             "bad-webhook"             "Somebody is to be told of events in a way that cannot work."
    Error   GATE_SERVICE            "gate-service"            "A gate is for a service that is not there, or that has another gate."
    Error   NO_STATE_DIR            "no-state-dir"            "Something is to be kept, and no directory is named for it."
    Error   BAD_UPSTREAM            "bad-upstream"            "A text is no resolver that could be asked."
    Error   OPEN_RESOLVER           "open-resolver"           "Strangers would be resolved for."
    Error   UPSTREAM_IS_SELF        "upstream-is-self"        "An upstream is this server itself."
    Error   BAD_DAMPING             "bad-damping"             "The thresholds of damping contradict one another."
    Error   BAD_REFERENCE           "bad-reference"           "A text is no address and port that could be asked."
    Error   BAD_STATUS              "bad-status"              "A text is no range of status codes."
    Error   BAD_REQUEST_PATH        "bad-request-path"        "A text cannot be the path of a request."
    Error   BAD_COMMAND             "bad-command"             "A command is no program by its absolute path."
    Error   STRAY_CHECK_KEY         "stray-check-key"         "A key that belongs to another kind of check."
    // Duplicates.
    Error   DUPLICATE_LISTEN        "duplicate-listen"        "An address and port is listened on twice."
    Error   DUPLICATE_ZONE          "duplicate-zone"          "An apex stands twice."
    Error   DUPLICATE_NAME_SERVER   "duplicate-name-server"   "A name server or its address stands twice in one set."
    Error   DUPLICATE_FQDN          "duplicate-fqdn"          "Two pools have the same FQDN."
    Error   DUPLICATE_ENDPOINT      "duplicate-endpoint"      "An address stands twice within a role."
    Error   DUPLICATE_POOL          "duplicate-pool"          "A pool stands twice in a list of pools."
    Error   DUPLICATE_PREFIX        "duplicate-prefix"        "A prefix stands twice in one list, or in two partners."
    Error   DUPLICATE_OVERRIDE      "duplicate-override"      "A prefix stands twice in the overrides file."
    Error   DUPLICATE_DOMAIN        "duplicate-domain"        "A domain stands twice in a service."
    Error   DUPLICATE_OWNER         "duplicate-owner"         "Two services, or one twice, serve the same owner name."
    Error   DUPLICATE_UPSTREAM      "duplicate-upstream"      "An upstream stands twice."
    Error   DUPLICATE_TSIG_KEY      "duplicate-tsig-key"      "A TSIG key stands twice."
    Error   DUPLICATE_REFERENCE     "duplicate-reference"     "A reference stands twice."
    Error   DUPLICATE_RUNG          "duplicate-rung"          "A rung stands twice in a ladder."
    // References.
    Error   UNKNOWN_POOL            "unknown-pool"            "No such pool exists."
    Error   UNKNOWN_CHECK           "unknown-check"           "No such named check exists."
    Error   UNKNOWN_VIEW            "unknown-view"            "No such view exists."
    Error   UNKNOWN_TSIG_KEY        "unknown-tsig-key"        "No such TSIG key exists."
    Error   EMPTY_VIEW              "empty-view"              "A view of a service says nothing of its own."
    Error   POOL_WITHOUT_ROLE       "pool-without-role"       "A pool has no endpoint of the service's role."
    Error   MIN_HEALTHY             "min-healthy"             "A pool demands more healthy endpoints than it has."
    Error   WEIGHT_MISSING          "weight-missing"          "A pool of the service has no weight."
    Error   WEIGHT_UNKNOWN          "weight-unknown"          "A weight for a pool that the service does not use."
    Error   RUNG_UNKNOWN            "rung-unknown"            "A rung of a ladder names a pool that the service does not use."
    Error   WEIGHTS_ALL_ZERO        "weights-all-zero"        "No pool would ever be chosen."
    // Services.
    Error   SERVICE_WITHOUT_DOMAINS "service-without-domains" "A service has nothing to serve."
    Error   SERVICE_WITHOUT_POOLS   "service-without-pools"   "A service has nowhere to send clients."
    Error   GENERIC_WITHOUT_CHECK   "generic-without-check"   "A generic service does not say how its endpoints are checked."
    Error   GENERIC_WITHOUT_OWNER   "generic-without-owner"   "A generic service does not say its owner names."
    Error   OWNER_IS_FIXED          "owner-is-fixed"          "Owner names are given for a kind that has its own."
    Error   SRV_WITHOUT_TARGET      "srv-without-target"      "Shape \"address\" needs a name for the SRV to point at."
    Error   SHAPE_WITHOUT_SRV       "shape-without-srv"       "A shape says what an SRV names, and there is none."
    Error   GROUP_DIFFERS           "group-differs"           "Services of one group say different things of what steers them."
    Error   SHAPE_WITHOUT_FQDN      "shape-without-fqdn"      "A shape names pools by FQDN, and a pool has none."
    Error   NAMES_WITHOUT_NS        "names-without-ns"        "Names delegated one by one need their NS set."
    Error   NS_WITHOUT_NAMES        "ns-without-names"        "A key for names delegated one by one, in a service whose names lie in zones."
    // Names.
    Error   ZONE_WITHOUT_NS         "zone-without-ns"         "A zone has no name server."
    Error   NS_WITHOUT_ADDRESS      "ns-without-address"      "A name server within our own names has no address to publish."
    Error   OWNER_OUTSIDE_ZONES     "owner-outside-zones"     "An owner name lies in no zone."
    Error   OWNER_TOO_LONG          "owner-too-long"          "An owner name is over 255 octets."
    Error   NAME_CLASH              "name-clash"              "One name has two meanings."
    Error   TRANSFER_OF_STEERED     "transfer-of-steered"     "A zone with steered names would be given to secondaries, which do not steer."
    // Static records.
    Error   BAD_RECORD              "bad-record"              "An entry of a master file cannot be read."
    Error   BAD_DIRECTIVE           "bad-directive"           "A $ directive of a master file cannot be obeyed."
    Error   UNKNOWN_TYPE            "unknown-type"            "A record type that does not exist, or that cannot stand in a file."
    Error   RECORD_OUTSIDE_ZONE     "record-outside-zone"     "A record's owner lies in another zone."
    Error   RECORD_CLASH            "record-clash"            "A record says what is steered or configured already."
    Error   APEX_CLASH              "apex-clash"              "File and configuration say different things of a zone's apex."
    Error   DUPLICATE_RECORD        "duplicate-record"        "A record stands twice."
    Error   CNAME_CLASH             "cname-clash"             "An alias has other records beside it."
    Error   ALIASED_TARGET          "aliased-target"          "MX, SRV or NS points at an alias."
    Error   MISPLACED_RECORD        "misplaced-record"        "SOA, DS or NS stands where it has no meaning."
    Error   BELOW_DELEGATION        "below-delegation"        "A record at or below a delegated name that is no glue."
    Error   MISSING_GLUE            "missing-glue"            "A delegation to a server that nobody can find."
    // Advice.
    Error   ADMIN_NOT_LOOPBACK      "admin-not-loopback"      "The admin listener would be open to others."
    Warning NS_ADDRESS_UNPUBLISHED  "ns-address-unpublished"  "A name server outside our zones has addresses, which nobody is told."
    Warning TARGET_OUTSIDE_DOMAIN   "target-outside-domain"   "An SRV target outside the served domain, which strict peers refuse."
    Warning TTL_DIFFERS             "ttl-differs"             "Records of one name and type have different TTLs."
    Warning TARGET_WITHOUT_ADDRESS  "target-without-address"  "MX, SRV or NS points at a name of ours that has no address."
    Warning UNUSED_POOL             "unused-pool"             "No service uses a pool."
    Warning UNUSED_CHECK            "unused-check"            "No service uses a named check."
    Warning GROUP_OF_ONE            "group-of-one"            "A group ties a service to no other."
    Warning UNUSED_VIEW             "unused-view"             "No service has a view."
    Warning VIEW_OF_EVERYBODY       "view-of-everybody"       "A view holds every client."
    Warning POOL_WITHOUT_LOCATION   "pool-without-location"   "\"nearest\" cannot place a pool."
    Warning UNREACHABLE_RUNG        "unreachable-rung"        "A rung of a ladder stands behind one that always applies."
    Warning LONG_TTL                "long-ttl"                "Peers keep a dead pool for long."
    Warning SINGLE_POOL             "single-pool"             "A service has no second pool."
    Warning ORDERED_FEDERATION      "ordered-federation"      "Federation peers take one SRV record and stop."
    Warning STRANGE_PORT            "strange-port"            "A port at which partners do not come."
    Warning XMPPS_PARITY            "xmpps-parity"            "One of the two names of XMPP stays behind when the other moves."
    Warning WEAK_CHECK              "weak-check"              "A check that proves little."
}

codes! {
    LIVE "Every code of what `check --probe` and `check --outside` find in the world.":
    // From here.
    Error   POOL_SILENT             "pool-silent"             "A pool does not serve what a service would send partners there for."
    Warning ENDPOINT_SILENT         "endpoint-silent"         "An endpoint does not serve, while its pool has others that do."
    Error   PORT_SILENT             "port-silent"             "An SRV leads to a port at which nobody serves."
    Error   CERTIFICATE_NAMES       "certificate-names"       "A certificate lacks a name for which its pool may be handed out."
    Warning CERTIFICATE_ENDING      "certificate-ending"      "A certificate ends within two weeks."
    Warning WELL_KNOWN_PORT         "well-known-port"         "A Matrix domain's well-known file names a port, so that no SRV is looked up."
    Warning WELL_KNOWN_ELSEWHERE    "well-known-elsewhere"    "A Matrix domain's well-known file names a host that is not steered."
    // From outside.
    Error   OUTSIDE_SILENT          "outside-silent"          "Who was asked from outside does not answer."
    Error   DELEGATION_MISSING      "delegation-missing"      "The zone above does not delegate a zone to anybody."
    Warning DELEGATION_DIFFERS      "delegation-differs"      "The zone above names other name servers than the configuration."
    Error   GLUE_DIFFERS            "glue-differs"            "The address of a name server above is not that of the configuration."
    Error   LAME_DELEGATION         "lame-delegation"         "A server is delegated to and does not serve the zone."
    Error   OUTSIDE_ALIAS           "outside-alias"           "A name that partners look up is an alias, as seen from outside."
    Error   OUTSIDE_ASTRAY          "outside-astray"          "What the world is told leads elsewhere than to our pools."
    Warning OUTSIDE_TTL             "outside-ttl"             "An answer is kept for longer than the configuration says."
}
