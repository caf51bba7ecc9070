"""The values that a host was created with: user data, SSH keys and mounts, which apply only at creation.

No provider shows them afterwards. So each host keeps a text from its creation: a salt, and a short
digest of each of the three declared values. The salt differs for each host, so equal digests of two hosts
mean nothing. The digests are short, so that a reader cannot confirm a guess of a secret beyond doubt.

A host without this text, such as one that an older version created, gets no note.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping

from portinfra.format import count, join_runs
from portinfra.model.address import Address
from portinfra.model.change import Change
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance

RULE = "plan/born-otherwise"

DIGEST_LENGTH = 10
"""Hexadecimal digits of one digest."""

ATTRIBUTES = {"user_data": "user data", "ssh_keys": "SSH keys", "mounts": "mounts"}


def birth_text(host: Instance, salt: str) -> str:
    """Return the text that a host keeps from its creation: lower case, digits and hyphens.

    `salt` differs for each creation of each host. It has hexadecimal digits.
    """
    return "-".join([salt, *(_digest(salt, host, name) for name in ATTRIBUTES)])


def changes_since_birth(want: Instance, seen: Instance) -> list[str]:
    """Return the attributes that would differ if the host were created now; empty if that is not known.

    The attribute `restored` of a mount does not count: the user does not declare it.
    """
    salt, _, _ = seen.birth.partition("-")
    parts, now = seen.birth.split("-"), birth_text(want, salt).split("-")
    if len(parts) != len(now):
        return []
    return [name for name, old, new in zip(ATTRIBUTES, parts[1:], now[1:], strict=True) if old != new]


def hosts_created_otherwise(placed: Placed, observation: Observation) -> dict[tuple[str, ...], list[Address]]:
    """Return the hosts whose values at creation differ from the declared ones, grouped by the attributes that
    differ.
    """
    found: dict[tuple[str, ...], list[Address]] = {}
    for address, seen in observation.of(Instance).items():
        want = placed.resources.get(address)
        if not isinstance(want, Instance) or want.birth or seen.fault:
            continue  # a host with this text was read from the cloud, and not declared
        if names := changes_since_birth(want, seen.spec):
            found.setdefault(tuple(names), []).append(address)
    return found


def birth_findings(
    placed: Placed, observation: Observation, decided: Mapping[Address, Change], only: Collection[str] = ()
) -> Iterator[Finding]:
    """Return a note for the hosts that stay and whose values at creation differ from the declared ones.

    `only` has the roles that are selected; empty: all roles.
    """
    created = {address for address, change in decided.items() if change.action in ("replace", "create")}
    for names, hosts in hosts_created_otherwise(placed, observation).items():
        chosen = [address for address in hosts if not only or placed.roles.get(address) in only]
        stay = [address for address in chosen if address not in created]
        if not stay:
            continue
        what = " and ".join(ATTRIBUTES[name] for name in names)
        were = "was" if len(stay) == 1 else "were"
        replace = " ".join(f"--replace {address}" for address in stay[:3]) + (" …" if len(stay) > 3 else "")
        yield Finding(
            RULE,
            f"{count(len(stay), 'host')} {were} created with other {what} "
            f"({join_runs(address.name for address in stay)})",
            "User data, SSH keys and mounts apply when a host is created. "
            f"Replace {'it' if len(stay) == 1 else 'them'} with {replace}.",
            Severity.NOTE,
        )


def _digest(salt: str, host: Instance, name: str) -> str:
    mounts = [(mount.device, mount.place) for mount in host.mounts]
    text = json.dumps([salt, name, mounts if name == "mounts" else getattr(host, name)])
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
