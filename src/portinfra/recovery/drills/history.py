"""The runs of a recovery that left evidence, as the ledger numbers them, and the evidence that is here."""

from collections.abc import Iterable
from typing import Literal

from attrs import evolve, frozen

from portinfra.errors import PortinfraError, ProviderError
from portinfra.execution.connection import Connection
from portinfra.model.evidence import Evidence
from portinfra.model.plain import JsonObject
from portinfra.model.strict import strict
from portinfra.recovery.evidence import evidence_of
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.runs import KEPT, Run, read_runs
from portinfra.recovery.recovery import Recovery
from portinfra.rollout.evidence import digest_of
from portinfra.validation.arguments import check_arguments

Found = Literal["here", "elsewhere", "differs", "none", "missing", "unread"]
"""What is known of a run's evidence. `here`: a file has the digest of the ledger, or the run is older than
those that the ledger keeps. `elsewhere`: no file here has it. `differs`: a file here is about this run, and
is not what the ledger has, or the ledger has no such run. `none`: the run wrote none, or has not ended.
`missing`: neither the ledger nor a file here has the run. `unread`: the ledger of the environment could not
be read, so its runs are not known.
"""


@frozen(field_transformer=strict)
class RunHistory:
    """One run, and its evidence."""

    number: int
    """0: a version that numbered no runs wrote it."""
    kind: str
    """`drill`, `failover` or `failback`, for example; empty where it is missing."""
    id: str
    began: str
    result: str
    """As the ledger has it, else as the evidence says; empty while it runs, or where it died."""
    evidence: Found
    file: str = ""
    """The name of the file that is here."""
    environment: str = ""
    """The environment that came up: its ledger has the run, and numbers it."""

    @property
    def is_doubtful(self) -> bool:
        """Whether something was deleted or changed."""
        return self.evidence in ("missing", "differs")


@frozen
class _File:
    """A file of evidence that is here."""

    name: str
    evidence: Evidence
    digest: str


@check_arguments
def list_runs(recovery: Recovery, files: Iterable[tuple[str, JsonObject]]) -> list[RunHistory]:
    """Return the runs to both ends of a recovery, those to the target first, each the oldest first, with
    those that are missing.

    `files` are the names and documents of the evidence that is here. Their signatures are not read. Raises
    ProviderError where the target does not answer. Where the source does not answer, one entry says so.
    """
    here = [file for name, document in files if (file := _read_file(name, document))]
    here = [each for each in here if each.evidence.recovery == recovery.plan.name]
    back, name = recovery.reversed, recovery.source.name
    try:
        others = _list_runs_to(back, here)
    except ProviderError:
        others = [RunHistory(0, "", "", "", "", "unread")]
    to_target = _list_runs_to(recovery, here)
    return [
        *(evolve(each, environment=recovery.target.name) for each in to_target),
        *(evolve(each, environment=name) for each in others),
    ]


def _list_runs_to(way: Recovery, here: Iterable[_File]) -> list[RunHistory]:
    """Return the runs to one end, by number."""
    with Connection.to(way.target) as target:
        target.account()
        runs = read_runs(Ledger.after_settling(target, way.ledger).entries())
    mine = [each for each in here if _is_to(way, each.evidence)]
    known = [_known_history(run, mine) for run in runs]
    numbers = {each.number for each in known}
    older = [each for each in mine if each.evidence.number and each.evidence.number not in numbers]
    pruned = max((run.number for run in runs), default=0) - KEPT
    listed = [*known, *(_from_file(each, pruned) for each in older)]
    return sorted([*listed, *_missing(runs, mine, listed)], key=lambda each: each.number)


@check_arguments
def compare_to_ledger(recovery: Recovery, evidence: Evidence, document: JsonObject) -> str:
    """Return why the ledger does not confirm an evidence; empty: it has the number and the digest.

    Raises ProviderError where the environment that came up does not answer.
    """
    way = recovery.reversed if _is_to(recovery.reversed, evidence) else recovery
    with Connection.to(way.target) as target:
        target.account()
        runs = read_runs(Ledger.after_settling(target, way.ledger).entries())
    if not evidence.number:
        return "it has no number: an older version wrote it, and the ledger has no digest of it"
    known = [run for run in runs if run.number == evidence.number]
    newest = max((run.number for run in runs), default=0)
    if not known:
        is_old = evidence.number <= newest - KEPT
        why = f": the ledger keeps the newest {KEPT}" if is_old else ""
        return f"the ledger {way.ledger} has no run {evidence.number}{why}"
    if any(run.digest == digest_of(document) and run.id == evidence.id for run in known):
        return ""
    return f"the ledger {way.ledger} has another digest for run {evidence.number}"


def _read_file(name: str, document: JsonObject) -> _File | None:
    try:
        return _File(name, evidence_of(document), digest_of(document))
    except PortinfraError:
        return None


def _is_to(way: Recovery, evidence: Evidence) -> bool:
    """Return whether evidence is about a run that the ledger of the target has."""
    target = f"{way.target.name} ({way.target.on})"
    return (evidence.topology, evidence.target) == (way.topology.name, target)


def _known_history(run: Run, files: Iterable[_File]) -> RunHistory:
    mine = [file for file in files if file.evidence.number == run.number and file.evidence.id == run.id]
    equal = [file for file in mine if file.digest == run.digest]
    found: Found = "here" if equal else "differs" if mine else "elsewhere" if run.digest else "none"
    name = next((file.name for file in equal or mine), "")
    return RunHistory(run.number, run.kind, run.id, run.began, run.result, found, name)


def _from_file(file: _File, pruned: int) -> RunHistory:
    """Return a run that the ledger does not have, as its evidence describes it. The ledger has removed runs
    up to the number `pruned`, and should have each later one.
    """
    run = file.evidence
    found: Found = "here" if run.number <= pruned else "differs"
    return RunHistory(run.number, run.kind, run.id, run.started, run.result, found, file.name)


def _missing(runs: Iterable[Run], files: Iterable[_File], listed: Iterable[RunHistory]) -> list[RunHistory]:
    """Return the numbers that were given and that nothing tells of.

    The ledger has the newest runs without a gap. Older ones are known from the evidence that names them.
    """
    there = {each.number for each in listed}
    numbers = [run.number for run in runs if run.number]
    newest = max(numbers, default=0)
    expected = set(range(max(1, newest - KEPT + 1), newest))
    expected |= {file.evidence.previous_number for file in files if file.evidence.previous_number}
    return [RunHistory(number, "", "", "", "", "missing") for number in sorted(expected - there)]
