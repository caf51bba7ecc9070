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
AHEAD = 16  # blocks in memory, each asked for by a thread of its own
TRIES = 5  # of a block that breaks off or comes damaged; botocore repeats only what is refused
PATIENCE, PAUSE = 120, 3  # seconds: a host may be up before its role is


def list_blocks(ebs: Any, snapshot: str, gib: int) -> Iterator[tuple[int, str]]:
    """Index and token of each block that was ever written. A page may be empty and not the last."""
    last, more = -1, {"StartingBlockIndex": 0}
    while more:
        page = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=1000, **more)
        size, block, blocks = page["VolumeSize"], page["BlockSize"], page.get("Blocks", [])
        if size > gib or block != BLOCK:  # a smaller one is of before the volume grew
            raise ValueError(f"it has {size} GiB in blocks of {block} bytes, not {gib} in blocks of {BLOCK}")
        for each in blocks:
            if not last < each["BlockIndex"] < size * 2048:
                raise ValueError("its blocks are not in order")
            last = each["BlockIndex"]
            yield last, each["BlockToken"]
        more = {"NextToken": page["NextToken"]} if page.get("NextToken") else {}
        if more and blocks:  # the token of a page ends in an hour: whoever reads this may be slow
            more = {"StartingBlockIndex": last + 1} if last + 1 < size * 2048 else {}


def fetch_block(ebs: Any, snapshot: str, index: int, token: str) -> bytes:
    """A block, by its checksum."""
    for _ in range(TRIES):
        told = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
        try:
            data: bytes = told["BlockData"].read()
        except Exception as broken:  # of several libraries, by their versions
            why = str(broken)
            continue
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        if (len(data), checksum) == (BLOCK, told["Checksum"]):
            return data
        why = "its checksum is wrong"
    raise ValueError(f"block {index}, {TRIES} times: {why}")


def in_order(ebs: Any, snapshot: str, gib: int) -> Iterator[tuple[int, bytes]]:
    """Index and data of each block that was ever written."""
    pool = ThreadPoolExecutor(AHEAD)
    asked: deque[tuple[int, Any]] = deque()
    for index, token in list_blocks(ebs, snapshot, gib):
        asked.append((index, pool.submit(fetch_block, ebs, snapshot, index, token)))
        if len(asked) == AHEAD:
            first, coming = asked.popleft()
            yield first, coming.result()
    for index, coming in asked:
        yield index, coming.result()


def session() -> Any:
    """One that has credentials. A new one each time: what found none may go on finding none."""
    from botocore.session import get_session

    until = time.monotonic() + PATIENCE
    while True:
        made = get_session()
        if made.get_credentials():
            return made
        if time.monotonic() > until:
            raise ValueError("this host has no credentials: see its instance profile, and the role in that")
        time.sleep(PAUSE)


def main(region: str, snapshot: str, gib: int) -> None:
    """Write it; zeros where nothing was ever written, and beyond the end of a smaller one."""
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


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    except BrokenPipeError:
        os._exit(141)  # as SIGPIPE would: whoever reads this tells why
    except Exception as error:  # of which the first line: a refused signature quotes the request
        said = str(error).partition("\n")[0]
        sys.stderr.write(f"snapshot {sys.argv[2]}: {type(error).__name__}: {said}\n")
        sys.stderr.flush()
        os._exit(1)  # without a wait for the blocks that are still asked for
