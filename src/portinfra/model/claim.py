"""The claim on an environment: who is changing it, kept in the cloud that it guards. Advisory."""

from collections.abc import Mapping
from typing import Any

from attrs import asdict, fields_dict, frozen

NOTE_MAX = 1200
"""What is left beside a claim in the shortest text that a cloud keeps it in (2,048 on Compute Engine)."""


@frozen
class Holder:
    """Who holds a claim: a process on a machine."""

    user: str
    host: str
    machine: str
    """One boot of one machine; a process of the same machine can be looked up."""
    process: str
    """Process id and the moment it started, so that a reused id is not mistaken for it."""

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.process.partition(':')[0]})"


@frozen
class Claim:
    """One claim. Taking is creating the next number, so there is no gap between looking and deleting."""

    number: int
    holder: Holder
    beat: int = 0
    """Counts up while the holder lives."""
    since: str = ""
    """When it was taken, UTC, ISO 8601."""
    active_at: float = 0.0
    """When its holder last wrote, seconds by the provider's clock: lists may be stale for a while after."""
    released: bool = False
    epoch: int = 0
    """Rises with each turn, whose moment it is, in seconds since 1970; an apply with a lower one than its
    peer's is refused. 0: there was never any.
    """
    fenced: bool = False
    """Whether another environment stands in for this one: then its hosts stay off, whoever applies."""
    version: str = ""
    """The version of portinfra that applied last."""
    note: str = ""
    """What a ledger's entry says, in at most `NOTE_MAX` characters; nothing in a claim that is one."""
    peer: str = ""
    """The other environment of the recovery plan. A plan that does not check it is refused."""


PEER = "peer: "
"""How the note of a claim begins that names a peer. Versions without that field ignore a claim's note, and
would not read a claim with a field that they do not know.
"""


def to_json(claim: Claim) -> dict[str, Any]:
    """Return the fields of a claim as JSON has them: those that every version knows."""
    fields = asdict(claim)
    peer = fields.pop("peer")
    return fields | {"note": PEER + peer} if peer else fields


def from_json(written: Mapping[str, Any]) -> Claim:
    """Return the claim that `to_json` of any version has written. A field that an older version did not have
    gets its default; a field that this version does not have is ignored.

    Raises KeyError, TypeError or ValueError for anything that is not a claim.
    """
    said, holder = dict(written), dict(written["holder"])
    claim = {name: said[name] for name in fields_dict(Claim).keys() & said.keys()}
    known = {name: holder[name] for name in fields_dict(Holder).keys() & holder.keys()}
    note = str(said.get("note", ""))
    if note.startswith(PEER):
        claim |= {"note": "", "peer": note.removeprefix(PEER)}
    return Claim(**{**claim, "holder": Holder(**known)})
