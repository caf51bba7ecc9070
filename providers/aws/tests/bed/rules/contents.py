"""What volumes hold: bytes, as far as anybody has written any; snapshots keep them as they were.

"A block index is a logical index in units of 512 KiB blocks":
https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-elements.html
"""

from typing import Any

from bed import engine
from bed.call import Call, after
from bed.kinds import KINDS

BLOCK = 512 * 1024
"""Bytes of a block."""

GIB = 1 << 30

Blocks = dict[int, bytes]
"""Index → what the block holds; absent where nothing was ever written."""


def of(thing: Any) -> Blocks:
    """The blocks of a volume or snapshot of moto's."""
    found: Blocks = thing.__dict__.setdefault("blocks", {})
    return found


def write(id: str, data: bytes, offset: int) -> None:
    """Write to a volume, as the host does that has it. Raises ValueError where it has no such place."""
    volume = _find(id, "vol")
    _check(volume.size, offset, len(data))
    blocks = of(volume)
    while data:
        index, begin = divmod(offset, BLOCK)
        part = data[: BLOCK - begin]
        block = bytearray(blocks.get(index, bytes(BLOCK)))
        block[begin : begin + len(part)] = part
        blocks[index] = bytes(block)
        data, offset = data[len(part) :], offset + len(part)


def read(id: str, offset: int, length: int) -> bytes:
    """What a volume or snapshot holds there; zeros where nothing was ever written."""
    thing = _find(id, "vol", "snap")
    _check(thing.size if id.startswith("vol-") else thing.volume_size, offset, length)
    blocks = of(thing)
    first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
    whole = b"".join(blocks.get(index, bytes(BLOCK)) for index in range(first, last))
    return whole[offset - first * BLOCK :][:length]


def _find(id: str, *prefixes: str) -> Any:
    for prefix in prefixes:
        for _, _, backend in engine.backends():
            if (found := KINDS[prefix].find(backend, id)) is not None:
                return found
    raise ValueError(f"there is no {id}")


def _check(gib: int, offset: int, length: int) -> None:
    if not 0 <= offset <= offset + length <= gib * GIB:
        raise ValueError(f"{length} bytes at {offset} are not within {gib} GiB")


@after("CreateSnapshot")
def snapshot_holds_what_its_volume_held(call: Call, result: Any) -> None:
    """As of the moment that it is asked for, however long it is pending then:
    https://docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html
    """
    result.blocks = dict(of(result.volume))


@after("CreateVolume")
def volume_holds_what_its_snapshot_held(call: Call, result: Any) -> None:
    """A replica to begin with; what is written to it then is its own."""
    snapshot = KINDS["snap"].find(call.backend, call.params.get("SnapshotId", ""))
    if snapshot is not None:
        result.blocks = dict(of(snapshot))
