"""A world of the simulator: its SQLite file, as the statements that make it again."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from story import Beginning, plan_recovery

from portinfra import Environment
from portinfra.recovery.recovery import Recovery
from portinfra.testing.fake.plugin import FILE_VARIABLE

SHAPES = ("aws", "gcp", "libvirt", "name")
"""Those that keep the owner of a resource in different ways."""


def _about(shape: str) -> Recovery:
    """Return a recovery between two accounts and two regions of a shape."""
    here, there = (f"fake:{shape}/{region}" for region in ("us-east-1", "eu-west-1"))
    return plan_recovery(
        Environment("production", on=here, account="111111111111", key="alias/data"),
        Environment("recovery", on=there, account="222222222222", key="alias/dr", cidr="10.20.0.0/16"),
    )


@contextmanager
def begin(shape: str) -> Iterator[Beginning]:
    """Connect to an empty world while it lasts."""
    with _file() as path:
        yield _about(shape), lambda: _statements(path)


@contextmanager
def load(saved: Any, shape: str) -> Iterator[Recovery]:
    """Connect to a saved world while it lasts."""
    with _file() as path:
        with closing(sqlite3.connect(path)) as database:
            database.executescript("\n".join(saved))
        yield _about(shape)


def _statements(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


@contextmanager
def _file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.db"
        with mock.patch.dict("os.environ", {FILE_VARIABLE: str(path)}):
            yield path
