"""Write MaxMind DB files (format version 2.0) with identical bytes for identical input.

Tree holds networks and the index of each network's record. A later set()
overrides an earlier one for the addresses both cover. serialize() merges equal
siblings and stores equal subtrees once, so several parents may share a node.
"""

import struct
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any

Network = IPv4Network | IPv6Network

METADATA_MARKER = b"\xab\xcd\xefMaxMind.com"
EMPTY = -1


class Uint16(int):
    """An integer encoded as uint16."""


class Uint64(int):
    """An integer encoded as uint64."""


class Float32(float):
    """A number encoded as a 32-bit float."""


def encode(value: Any) -> bytes:
    """Encode a value of the data section; int becomes uint32, float a double."""
    match value:
        case str():
            body = value.encode()
            return _control(2, len(body)) + body
        case bool():
            return _control(14, int(value))
        case Float32():
            return _control(15, 4) + struct.pack(">f", value)
        case float():
            return _control(3, 8) + struct.pack(">d", value)
        case Uint16():
            return _encode_uint(5, value)
        case Uint64():
            return _encode_uint(9, value)
        case int():
            return _encode_uint(6, value)
        case dict():
            pairs = (encode(key) + encode(item) for key, item in value.items())
            return _control(7, len(value)) + b"".join(pairs)
        case list():
            return _control(11, len(value)) + b"".join(map(encode, value))
    raise TypeError(f"cannot encode {type(value).__name__}")


def _encode_uint(kind: int, value: int) -> bytes:
    body = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(kind, len(body)) + body


def _control(kind: int, size: int) -> bytes:
    first, extension = (kind << 5, b"") if kind < 8 else (0, bytes([kind - 7]))
    if size < 29:
        return bytes([first | size]) + extension
    if size < 285:
        return bytes([first | 29]) + extension + bytes([size - 29])
    if size < 65821:
        return bytes([first | 30]) + extension + (size - 285).to_bytes(2, "big")
    raise ValueError("value too long")


class Tree:
    """A binary tree of networks, 128 bits deep (IPv4 at ::/96) or 32 bits.

    A child is a node number, EMPTY, or -2 - n for record n.
    """

    def __init__(self, ip_version: int = 6) -> None:
        self.ip_version = ip_version
        self.children: tuple[list[int], list[int]] = ([EMPTY], [EMPTY])

    def set(self, network: Network, record: int) -> None:
        """Give a network a record, over whatever the tree says of it so far."""
        self._put(network, -2 - record)

    def clear(self, network: Network) -> None:
        """Remove all records inside a network."""
        self._put(network, EMPTY)

    def alias_ipv4(self, network: IPv6Network) -> None:
        """Make a network answer as the IPv4 part of the tree does."""
        node = 0
        for _ in range(96):
            node = self.children[0][node]
            if node < 0:
                raise ValueError("the tree has no IPv4 part")
        self._put(network, node)

    def _put(self, network: Network, child: int) -> None:
        width = 128 if self.ip_version == 6 else 32
        depth = network.prefixlen + width - network.max_prefixlen
        address = int(network.network_address)
        left, right = self.children
        node = 0
        for shift in range(width - 1, width - depth, -1):
            side = right if address >> shift & 1 else left
            below = side[node]
            if below < 0:
                left.append(below)
                right.append(below)
                below = side[node] = len(left) - 1
            node = below
        (right if address >> (width - depth) & 1 else left)[node] = child

    def _compact(self) -> list[tuple[int, int]]:
        """Return the distinct nodes, children before parents, the root last."""
        numbers: dict[tuple[int, int], int] = {}
        seen: dict[int, int] = {}
        left, right = self.children

        def visit(child: int) -> int:
            if child < 0:
                return child
            if child not in seen:
                pair = (visit(left[child]), visit(right[child]))
                if pair[0] == pair[1] < 0:
                    seen[child] = pair[0]
                else:
                    seen[child] = numbers.setdefault(pair, len(numbers))
            return seen[child]

        if visit(0) < 0:
            raise ValueError("the tree needs at least two different answers")
        return list(numbers)


def serialize(
    tree: Tree,
    records: Sequence[dict[str, Any]],
    *,
    database_type: str,
    description: str,
    build_epoch: int,
    record_size: int = 24,
) -> bytes:
    """Return the bytes of a MaxMind DB file."""
    offsets: list[int] = []
    data = bytearray()
    for record in records:
        offsets.append(len(data))
        data += encode(record)

    nodes = tree._compact()
    count = len(nodes)
    if count + 16 + len(data) >= 1 << record_size:
        raise ValueError(f"the database does not fit {record_size}-bit records")

    def pointer(child: int) -> int:
        if child >= 0:
            return count - 1 - child
        return count if child == EMPTY else count + 16 + offsets[-2 - child]

    out = bytearray()
    for pair in reversed(nodes):
        low, high = map(pointer, pair)
        if record_size == 28:
            middle = (low >> 24) << 4 | high >> 24
            out += (low & 0xFFFFFF).to_bytes(3, "big") + bytes([middle])
            out += (high & 0xFFFFFF).to_bytes(3, "big")
        else:
            out += low.to_bytes(record_size // 8, "big")
            out += high.to_bytes(record_size // 8, "big")

    metadata = {
        "binary_format_major_version": Uint16(2),
        "binary_format_minor_version": Uint16(0),
        "build_epoch": Uint64(build_epoch),
        "database_type": database_type,
        "description": {"en": description},
        "ip_version": Uint16(tree.ip_version),
        "languages": ["en"],
        "node_count": count,
        "record_size": Uint16(record_size),
    }
    return bytes(out + bytes(16) + data + METADATA_MARKER + encode(metadata))
