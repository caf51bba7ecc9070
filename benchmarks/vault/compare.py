"""A volume into a vault, twice: `python benchmarks/vault/compare.py [MIB [ROUNDS]]`, as root.

What a helper of a recovery does, by age and by restic, beside the same tools by hand and beside rsync: one
file with what a database's volume would hold, one sshd on this machine's loopback, bytes that the network
carries. Between the first time and the second, one page in fifty is written again, in a few stretches.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "providers/libvirt/tests"))

from attrs import evolve  # noqa: E402

from hypervisors.vault import ADDRESS, PORT, vault  # noqa: E402
from portinfra import Vault  # noqa: E402
from portinfra.recovery.vault.transfer_script import TransferScript  # noqa: E402

ALONE = "PORTINFRA_BENCHMARK_IS_ALONE"
"""Set once this has a network of its own, on which nothing else moves bytes."""

PAGE = 8192
MIB = 2**20


class Trip(NamedTuple):
    """One transfer."""

    seconds: float
    bytes: int
    """That the loopback carried, both ways: payload, protocol and all."""


class Way(NamedTuple):
    """One way to bring the volume over."""

    name: str
    beside: str
    """The way by hand that it is measured against."""
    go: Callable[[Vault, Path, int], list[str]]
    """The command for a vault, the volume and the number of the time."""


def by_portinfra(engine: str) -> Callable[[Vault, Path, int], list[str]]:
    """The script that a helper runs at its birth."""

    def go(kept: Vault, volume: Path, time: int) -> list[str]:
        gib = -(-volume.stat().st_size // 2**30)
        return [
            "bash",
            "-c",
            TransferScript(f"p{time}", "db1-data", gib, f"a{time}", engine).sending_script(kept),
        ]

    return go


def age_by_hand(kept: Vault, volume: Path, time: int) -> list[str]:
    """A pipe."""
    target = f"{kept.remote}/by-hand-{time}"
    return ["sh", "-c", f"zstd -q -c < {volume} | age -r {kept.recipient} | rclone rcat {target}"]


def restic_by_hand(kept: Vault, volume: Path, time: int) -> list[str]:
    """A backup, with the permission to remove: without it, restic tries for minutes to remove its lock."""
    where = f"-r rclone:{kept.remote}/by-hand --password-file {kept.password}"
    restic = f"RCLONE_CONFIG={kept.receiver} restic -q {where}"
    begin = f"{restic} init && " if time == 1 else ""
    return ["sh", "-c", f"{begin}{restic} backup --stdin --stdin-filename volume < {volume}"]


def rsync_by_hand(kept: Vault, volume: Path, time: int) -> list[str]:
    """What is new travels, compressed; the far end has the data in the clear."""
    shell = f"ssh -q -p {PORT} -i {Path(kept.sender).parent}/free -o StrictHostKeyChecking=no"
    target = f"root@{ADDRESS}:{Path(kept.sender).parent}/copy"
    return [
        "rsync",
        "--ignore-times",
        "--inplace",
        "--no-whole-file",
        "--compress",
        "--rsh",
        shell,
        str(volume),
        target,
    ]


WAYS = (
    Way("portinfra, age", "age, by hand", by_portinfra("age")),
    Way("age, by hand", "", age_by_hand),
    Way("portinfra, restic", "restic, by hand", by_portinfra("restic")),
    Way("restic, by hand", "", restic_by_hand),
    Way("rsync, by hand", "", rsync_by_hand),
)


def pages(chance: random.Random, count: int) -> Iterator[bytes]:
    """Of a database: rows that look alike, with keys and sums that do not; and every eighth page is empty."""
    for number in range(count):
        if number % 8 == 7:
            yield bytes(PAGE)
            continue
        rows = (
            f"{chance.getrandbits(64):016x}|account {chance.randrange(10**6)}|{'.' * 60}\n"
            for _ in range(100)
        )
        yield "".join(rows).encode()[:PAGE].ljust(PAGE, b"\0")


def change_pages(volume: Path, chance: random.Random) -> None:
    """One page in fifty is written again, in stretches of a mebibyte."""
    with volume.open("r+b") as file:
        stretches = volume.stat().st_size // MIB
        for number in chance.sample(range(stretches), max(1, stretches // 50)):
            file.seek(number * MIB)
            file.writelines(pages(chance, MIB // PAGE))


def moved_bytes() -> int:
    """Bytes that the loopback has carried."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    return int(next(line for line in lines if line.strip().startswith("lo:")).split(":")[1].split()[0])


def trip(kept: Vault, way: Way, volume: Path, time_: int) -> Trip:
    """One transfer. Raises SystemExit where it fails."""
    known = volume.with_name("known_hosts")
    known.write_text(kept.host_key + "\n")
    settings = {
        **os.environ,
        "PORTINFRA_DISK": str(volume),
        "RCLONE_CONFIG": kept.sender,
        "RCLONE_SFTP_KNOWN_HOSTS_FILE": str(known),
        "RESTIC_CACHE_DIR": str(volume.with_name(f"cache-{way.name}")),
    }
    before, began = moved_bytes(), time.perf_counter()
    done = subprocess.run(
        way.go(kept, volume, time_), env=settings, capture_output=True, text=True, check=False
    )
    took, moved = time.perf_counter() - began, moved_bytes() - before
    if done.returncode:
        raise SystemExit(f"{way.name}: {done.stderr or done.stdout}")
    return Trip(took, moved)


@contextmanager
def prepare_vault(folder: Path) -> Iterator[Vault]:
    """A vault, with a key besides that rsync may use."""
    with vault(folder, []) as kept:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "free"], check=True)
        with (folder / "authorized_keys").open("a") as keys:
            keys.write((folder / "free.pub").read_text())
        yield kept


def one_round(mib: int, number: int) -> dict[str, list[Trip]]:
    """Every way, the first time and the second, each with a part of the vault of its own."""
    with tempfile.TemporaryDirectory() as scratch, prepare_vault(Path(scratch, "vault")) as kept:
        chance = random.Random(number)
        volume = Path(scratch, "volume")
        with volume.open("wb") as file:
            file.writelines(pages(chance, mib * MIB // PAGE))
        parts = {way.name: evolve(kept, remote=f"{kept.remote}/{index}") for index, way in enumerate(WAYS)}
        found = {way.name: [trip(parts[way.name], way, volume, 1)] for way in WAYS}
        change_pages(volume, chance)
        for way in WAYS:
            found[way.name].append(trip(parts[way.name], way, volume, 2))
        return found


def main() -> None:
    """Print the table."""
    if ALONE not in os.environ:
        inside = [sys.executable, __file__, *sys.argv[1:]]
        os.execvpe("unshare", ["unshare", "--net", *inside], {**os.environ, ALONE: "yes"})
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mib, rounds = (int(argument) for argument in [*sys.argv[1:], *("512", "3")[len(sys.argv) - 1 :]])
    found = [one_round(mib, number) for number in range(rounds)]
    print(f"a volume of {mib} MiB; medians of {rounds}\n")
    print("| | first: MB | s | second: MB | s | beside by hand: bytes | s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for way in WAYS:
        trips = [[each[way.name][time] for each in found] for time in (0, 1)]
        cells = [
            figure
            for some in trips
            for figure in (
                f"{statistics.median(each.bytes for each in some) / 1e6:.1f}",
                f"{statistics.median(each.seconds for each in some):.1f}",
            )
        ]
        if way.beside:
            pairs = [
                (mine, its)
                for each in found
                for mine, its in zip(each[way.name], each[way.beside], strict=True)
            ]
            cells += [
                f"{statistics.median(mine.bytes / its.bytes for mine, its in pairs):.2f}",
                f"{statistics.median(mine.seconds / its.seconds for mine, its in pairs):.2f}",
            ]
        else:
            cells += ["", ""]
        print(f"| {way.name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
