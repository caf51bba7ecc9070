"""Checks of names: RFC 1035 labels. The maximal length of each kind leaves room in a cloud's own names."""

import re
from collections.abc import Iterable, Iterator

from portinfra.model.finding import Finding
from portinfra.model.location import Location

LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
ROLE_NAME_MAX = 24
VOLUME_NAME_MAX = 16
SCOPE_NAME_MAX = 24
"""The maximal length of the name of a topology or an environment."""


def name_findings(name: str, limit: int, rule: str, subject: str, location: Location) -> Iterator[Finding]:
    """Yield a finding for a name that is no label, or is too long."""
    if not LABEL.fullmatch(name):
        yield Finding(
            rule,
            f"{name!r} is no name: a-z first, then a-z, 0-9 and hyphens, and no hyphen at the end",
            f"Name it {_label(name, limit)!r}, for example.",
            subject=subject,
            location=location,
        )
    if len(name) > limit:
        yield Finding(
            rule,
            f"{name!r} has {len(name)} characters; {limit} fit into the clouds' own names",
            "Choose a shorter name.",
            subject=subject,
            location=location,
        )


def _label(name: str, limit: int) -> str:
    """Return the nearest name that is allowed."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return re.sub(r"^[^a-z]+|[-0-9]+$", "", plain)[:limit].strip("-") or "web"


def repeated_names(names: Iterable[str]) -> set[str]:
    """Return the names that occur more than once."""
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
