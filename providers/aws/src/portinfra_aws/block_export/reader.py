"""Write a whole EBS snapshot to standard output: reader.py REGION SNAPSHOT GIB.

Needs Python 3.9 and botocore. https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-elements.html
"""

import base64
import hashlib
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

BLOCK = 512 * 1024
AHEAD = 16  # blocks in memory; one thread reads each
TRIES = 5  # for a block that breaks off or arrives damaged; botocore repeats only refused requests
PATIENCE, PAUSE = 120, 3  # seconds: a host may be up before its role is


def list_blocks(ebs: Any, snapshot: str, gib: int) -> Iterator[tuple[int, str]]:
    """Yield index and token of each block that was ever written. A page may be empty and not the last."""
    last, more = -1, {"StartingBlockIndex": 0}
    while more:
        page = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=1000, **more)
        size, block, blocks = page["VolumeSize"], page["BlockSize"], page.get("Blocks", [])
        if size > gib or block != BLOCK:  # a smaller one is from before the volume grew
            raise ValueError(
                f"it has {size} GiB in blocks of {block} bytes, not {gib} GiB in blocks of {BLOCK} bytes"
            )
        for each in blocks:
            if not last < each["BlockIndex"] < size * 2048:
                raise ValueError("its blocks are not in order")
            last = each["BlockIndex"]
            yield last, each["BlockToken"]
        more = {"NextToken": page["NextToken"]} if page.get("NextToken") else {}
        if more and blocks:  # the token of a page expires after an hour, and the consumer may be slow
            more = {"StartingBlockIndex": last + 1} if last + 1 < size * 2048 else {}


def fetch_block(ebs: Any, snapshot: str, index: int, token: str) -> bytes:
    """Return a block whose checksum is right."""
    for _ in range(TRIES):
        answer = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
        try:
            data: bytes = answer["BlockData"].read()
        except Exception as broken:  # of several libraries, depending on their versions
            why = str(broken)
            continue
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        if (len(data), checksum) == (BLOCK, answer["Checksum"]):
            return data
        why = "its checksum is wrong"
    raise ValueError(f"block {index} failed {TRIES} times: {why}")


def in_order(ebs: Any, snapshot: str, gib: int) -> Iterator[tuple[int, bytes]]:
    """Yield index and data of each block that was ever written."""
    pool = ThreadPoolExecutor(AHEAD)
    requested: deque[tuple[int, Any]] = deque()
    for index, token in list_blocks(ebs, snapshot, gib):
        requested.append((index, pool.submit(fetch_block, ebs, snapshot, index, token)))
        if len(requested) == AHEAD:
            first, coming = requested.popleft()
            yield first, coming.result()
    for index, coming in requested:
        yield index, coming.result()


def session() -> Any:
    """Return a session with credentials. Each try is a new session: an old one can keep finding none."""
    from botocore.session import get_session

    until = time.monotonic() + PATIENCE
    while True:
        made = get_session()
        if made.get_credentials():
            return made
        if time.monotonic() > until:
            raise ValueError("this host has no credentials: check its instance profile, and the role in it")
        time.sleep(PAUSE)


def main(region: str, snapshot: str, gib: int) -> None:
    """Write the snapshot. Blocks that were never written, or lie beyond a smaller snapshot, become zeros."""
    from botocore.config import Config

    often = Config(retries={"mode": "adaptive", "total_max_attempts": 12}, max_pool_connections=AHEAD)
    ebs = session().create_client("ebs", region, config=often)
    out, zeros, done = sys.stdout.buffer, bytes(BLOCK), 0
    for index, data in in_order(ebs, snapshot, gib):
        for _ in range(done, index):
            out.write(zeros)
        out.write(data)
        done = index + 1
    for _ in range(done, gib * 2048):
        out.write(zeros)
    out.flush()


def _run() -> None:
    try:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    except BrokenPipeError:
        os._exit(141)  # as SIGPIPE would: the consumer of this output reports its own error
    except Exception as error:  # only the first line: a refused signature quotes the request
        message = str(error).partition("\n")[0]
        sys.stderr.write(f"snapshot {sys.argv[2]}: {type(error).__name__}: {message}\n")
        sys.stderr.flush()
        os._exit(1)  # without waiting for blocks that threads still read


if __name__ == "__main__":
    _run()
