# What people do here; `just` alone lists it. CI runs .ci/run, which needs no just.

[private]
default:
    @just --list

# Formats the code.
fmt:
    cargo fmt

# What the compiler and clippy say; warnings are errors.
check:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# Every test that needs no other program.
test *ARGS:
    cargo test --locked {{ARGS}}

# The tests against real SIP and DNS software; .ci/run installs it.
peers:
    cargo test --locked --test real_peers -- --ignored --test-threads=1

# The main job with two simulated pools.
demo *ARGS:
    cargo run --locked -- demo {{ARGS}}

# Builds geoip/world.mmdb anew, and the fixtures; needs Python 3.11 and npm.
geoip:
    python3 -m venv target/geoip-venv
    target/geoip-venv/bin/pip install -r geoip/requirements.txt
    target/geoip-venv/bin/python geoip/build.py
    python3 geoip/fixtures/build.py

# Licences, bans and sources of the dependencies, and advisories where their database can be fetched.
deny:
    cargo deny --locked check

# What CI runs.
ci:
    .ci/run
