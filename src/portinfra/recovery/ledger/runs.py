"""The runs of a ledger that leave evidence: drills, takeovers and refreshes, each with a number.

A run gets the next number when it begins. When it has ended, its entry also has its result and the digest
of its evidence. Evidence names the run before it, with the digest of that run's evidence. So a run whose
entry or evidence was deleted shows as a gap.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from portinfra.errors import ProviderError
from portinfra.model.evidence import Evidence
from portinfra.model.plain import JsonObject
from portinfra.records.lines import is_same
from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.ledger.drills import KIND as DRILL
from portinfra.recovery.ledger.ledger import Entry, Ledger
from portinfra.rollout.evidence import digest_of
from portinfra.value import frozen

TAKEOVER: Final = "run"
"""The kind of an entry about one run of a takeover. A takeover that is run again has several such entries."""

REFRESH: Final = "refresh"
"""The value of `of` in the entry of a refresh."""

KEPT = 20
"""The number of newest runs that a ledger keeps."""


@frozen
class Run:
    """One run, as the ledger has it."""

    number: int
    """The number, from 1; 0: a version that numbered no runs wrote it."""
    kind: str
    """`drill`, `failover`, `failback` or `refresh`."""
    id: str
    """The id of the drill or takeover."""
    began: str
    """UTC, ISO 8601, by the clock of the environment that the run made."""
    result: str
    """Empty while the run is not finished, or where it died."""
    digest: str
    """The digest of its evidence, without the signature; empty where it has none."""
    entry: Entry


@frozen
class Link:
    """The place of a run in the chain of evidence."""

    number: int
    previous_number: int
    previous_digest: str


def read_runs(entries: Iterable[Entry]) -> list[Run]:
    """Return the runs among the entries of a ledger, sorted by number."""
    found = [_run(entry) for entry in entries if entry.kind in (DRILL, TAKEOVER)]
    return sorted(found, key=lambda run: (run.number, run.entry.number))


def begin_run(ledger: Ledger, said: JsonObject) -> Entry:
    """Add the entry of a run that begins, with the next number."""
    return ledger.add({**said, "run": _next_number(read_runs(ledger.entries())), "open": True})


def reopen_run(ledger: Ledger, entry: Entry) -> None:
    """Open the entry of this run again, where a sweep has closed it: from now on the run may leave resources.

    The caller holds the lease of the resources that it is about to create; a sweep holds it while it closes
    entries. The ledger has written nothing yet, so it returns what others wrote.
    """
    known = read_again(ledger, entry)
    if known and not known.open:
        ledger.rewrite(entry, entry.said)


def read_again(ledger: Ledger, entry: Entry) -> Entry | None:
    """Return an entry as the ledger has it now; None where it has none. A run calls this under the lease of
    the entry's scope before it rewrites the entry of another run.
    """
    return next((each for each in ledger.entries(entry.kind) if is_same(each.said, entry.said)), None)


def link_run(ledger: Ledger, entry: Entry) -> Link:
    """Return the number of a run that ends, and the run before it that has evidence.

    Lists may be late, so two runs can get the same number: the later one then gets another. A ledger that
    cannot be read does not hide the evidence of a finished run: the link then names no run before it.
    """
    number = int(entry.said["run"])
    try:
        runs = read_runs(ledger.entries())
    except ProviderError:
        return Link(number, 0, "")
    if any(run.number == number and run.entry.number < entry.number for run in runs):
        number = _next_number(runs)
    before = [run for run in runs if run.number < number and run.digest]
    return Link(number, before[-1].number, before[-1].digest) if before else Link(number, 0, "")


def end_run(ledger: Ledger, entry: Entry, evidence: Evidence, *, open: bool, **more: object) -> Entry:
    """Write the result and the digest of the evidence into the entry of a run, and return it. Remove entries
    of old runs. The caller holds the lease of the run: a sweep that gets it next reads this entry again.
    """
    digest = digest_of(evidence_document(evidence))
    said = {**entry.said, "open": open, "run": evidence.number, "result": evidence.result, "digest": digest}
    ended = ledger.rewrite(entry, {**said, **more})
    _prune(ledger, read_runs(ledger.entries()))
    return ended


def _prune(ledger: Ledger, runs: Sequence[Run]) -> None:
    """Remove the runs that are older than the newest `KEPT` numbers: several may have one number.

    A run that ended and left resources stays for `sweep`, as a drill that died does. The last refresh that
    passed stays, as it decides when the next one is due.
    """
    last = max((run.number for run in runs if run.kind == REFRESH and run.result == "passed"), default=0)
    newest = max((run.number for run in runs), default=0)
    for run in (each for each in runs if each.number <= newest - KEPT):
        is_left = run.entry.open and (run.entry.kind == DRILL or bool(run.result))
        if not is_left and (run.number, run.kind) != (last, REFRESH):
            ledger.remove(run.entry)


def _next_number(runs: Sequence[Run]) -> int:
    return max((run.number for run in runs), default=0) + 1


def _run(entry: Entry) -> Run:
    said = entry.said
    return Run(
        number=int(said.get("run", 0)),
        kind=str(said.get("of", DRILL)),
        id=str(said.get("takeover", said["id"])),
        began=str(said["began"]),
        result=str(said.get("result", "")),
        digest=str(said.get("digest", "")),
        entry=entry,
    )
