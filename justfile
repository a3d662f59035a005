# What people do here; `just` alone lists it. CI runs .ci/run, which needs no just.

mixes := "benches/measure/mixes/plain.txt,benches/measure/mixes/federation.txt,benches/measure/mixes/nowhere.txt"

[private]
default:
    @just --list

# Formats the code.
fmt:
    cargo fmt --all

# What the compiler and clippy say; warnings are errors.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Every test that needs no other program.
test *ARGS:
    cargo test --locked {{ARGS}}

# The tests against real SIP and DNS software; .ci/run installs it.
peers:
    cargo test --locked --test real_peers -- --ignored --test-threads=1

# Makes docs/screenshots anew; needs chromium, chromium-driver and pngquant. Look at them before you commit.
pictures:
    PICTURES=docs/screenshots cargo test --locked --test dashboard pictures:: -- --ignored --test-threads=1
    pngquant --force --ext .png --skip-if-larger 256 docs/screenshots/*.png

# The main job with two simulated pools.
demo *ARGS:
    cargo run --locked -- demo {{ARGS}}

# Builds geoip/world.mmdb anew, and the fixtures; needs Python 3.11 and npm.
geoip:
    python3 -m venv target/geoip-venv
    target/geoip-venv/bin/pip install -r geoip/requirements.txt
    target/geoip-venv/bin/python geoip/build.py
    python3 geoip/fixtures/build.py

# Looks for octets that break a promise: question, edns, datagram, stream or records; needs cargo-fuzz and a C++ compiler.
fuzz TARGET SECONDS="60":
    fuzz/run {{TARGET}} {{SECONDS}}

# Licences, bans and sources of the dependencies, and advisories where their database can be fetched.
deny:
    cargo deny --locked check

# Our server against a bare echo, with 1 and 1,000,000 domains; needs two quiet cores. ARGS: --rounds, --seconds.
bench *ARGS: (compare "echo,edgesteer,edgesteer:1000000" ARGS)

# The same beside gdnsd, Knot, NSD and PowerDNS, which are Debian's: it says what to install.
bench-peers *ARGS: (compare "echo,edgesteer,gdnsd,knot-geoip,knot,nsd,powerdns" ARGS)

# A million domains: load time and memory, also while changed lists are taken over under load.
million *ARGS:
    cargo build --release --locked --workspace
    target/release/edgesteer-measure million {{ARGS}}

# From a verdict to the last lane that answers by it, at a million domains and under load.
flips *ARGS:
    cargo build --release --locked --workspace
    target/release/edgesteer-measure flips {{ARGS}}

# What it costs the fast lane that fifty dashboards and a scraper look on.
watched *ARGS:
    cargo build --release --locked --workspace
    target/release/edgesteer-measure watched {{ARGS}}

# What one question costs in the fast lane, without sockets; --count adds instructions, by valgrind.
inside *ARGS:
    cargo build --release --locked --workspace
    target/release/edgesteer-measure inside {{ARGS}}

# Named servers, as "echo,gdnsd:1000000".
compare SERVERS *ARGS:
    cargo build --release --locked --workspace
    target/release/edgesteer-measure compare --servers {{SERVERS}} --mix {{mixes}} {{ARGS}}

# What is shipped: a static binary with what it is made of, in target/package.
static:
    deploy/build

# What CI runs.
ci:
    .ci/run
