"""The lag of lists that are eventually consistent: each record of each read has a lag of its own."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def draw_share(subject: str) -> float:
    """Return a share from 0 to below 1, equal for equal subjects: the part of the longest lag.

    The subject names a record and the moment of the read. So two reads of one record have other lags, and two
    records of one read too, and equal runs are equal.
    """
    return int.from_bytes(blake2b(subject.encode(), digest_size=4).digest(), "big") / 2**32


def state_at(history: Sequence[tuple[float, T]], moment: float) -> T | None:
    """Return the state at a moment, from the states with their beginnings, the oldest first; None: none."""
    return next((state for since, state in reversed(history) if since <= moment), None)
