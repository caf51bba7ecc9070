"""The runs of a recovery that left evidence, as the ledger numbers them, and their evidence on this
machine.
"""

from collections.abc import Iterable
from typing import Literal

from attrs import evolve

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
from portinfra.value import frozen

Found = Literal["here", "elsewhere", "differs", "none", "missing", "unread"]
"""What portinfra knows of a run's evidence.

`here`: a file has the digest of the ledger, or the run is older than those that the ledger keeps.
`elsewhere`: no file here has it. `differs`: a file here is about this run, but differs from the ledger or the
ledger has no such run. `none`: the run wrote none, or has not ended. `missing`: neither the ledger nor a file
here has the run. `unread`: the ledger of the environment could not be read, so its runs are not known.
"""


@frozen(field_transformer=strict)
class RunHistory:
    """One run, and its evidence."""

    number: int
    """The number of the run; 0: a version that numbered no runs wrote it."""
    kind: str
    """`drill`, `failover` or `failback`, for example; empty where the run is missing."""
    id: str
    began: str
    result: str
    """The result in the ledger, else in the evidence; empty while the run is not finished, or where
    it died.
    """
    evidence: Found
    file: str = ""
    """The name of its file on this machine."""
    environment: str = ""
    """The environment that the run made: its ledger has and numbers the run."""

    @property
    def is_doubtful(self) -> bool:
        """Whether something was deleted or changed."""
        return self.evidence in ("missing", "differs")


@frozen
class _File:
    """One file of evidence on this machine."""

    name: str
    evidence: Evidence
    digest: str


@check_arguments
def list_runs(recovery: Recovery, files: Iterable[tuple[str, JsonObject]]) -> list[RunHistory]:
    """Return the runs to both ends of a recovery, including missing ones: first those to the target, each the
    oldest first.

    `files` are the names and documents of the evidence on this machine. Their signatures are not verified.
    Raises ProviderError where the target does not answer. Where the source does not answer, one entry says
    so.
    """
    known = [file for name, document in files if (file := _read_file(name, document))]
    known = [each for each in known if each.evidence.recovery == recovery.plan.name]
    back, name = recovery.reversed, recovery.source.name
    try:
        others = _list_runs_to(back, known)
    except ProviderError:
        others = [RunHistory(0, "", "", "", "", "unread")]
    to_target = _list_runs_to(recovery, known)
    return [
        *(evolve(each, environment=recovery.target.name) for each in to_target),
        *(evolve(each, environment=name) for each in others),
    ]


def _list_runs_to(recovery: Recovery, files: Iterable[_File]) -> list[RunHistory]:
    """Return the runs to one end, by number."""
    with Connection.to(recovery.target) as target:
        target.account()
        runs = read_runs(Ledger.after_settling(target, recovery.ledger).entries())
    own = [each for each in files if _is_to(recovery, each.evidence)]
    known = [_known_history(run, own) for run in runs]
    numbers = {each.number for each in known}
    older = [each for each in own if each.evidence.number and each.evidence.number not in numbers]
    pruned = max((run.number for run in runs), default=0) - KEPT
    listed = [*known, *(_from_file(each, pruned) for each in older)]
    return sorted([*listed, *_missing(runs, own, listed)], key=lambda each: each.number)


@check_arguments
def compare_to_ledger(recovery: Recovery, evidence: Evidence, document: JsonObject) -> str:
    """Return why the ledger does not confirm an evidence; empty: it has the number and the digest.

    Raises ProviderError where the environment that the run made does not answer.
    """
    recovery = recovery.reversed if _is_to(recovery.reversed, evidence) else recovery
    with Connection.to(recovery.target) as target:
        target.account()
        runs = read_runs(Ledger.after_settling(target, recovery.ledger).entries())
    if not evidence.number:
        return "it has no number: an older version wrote it, and the ledger has no digest of it"
    known = [run for run in runs if run.number == evidence.number]
    newest = max((run.number for run in runs), default=0)
    if not known:
        is_old = evidence.number <= newest - KEPT
        why = f": the ledger keeps the newest {KEPT}" if is_old else ""
        return f"the ledger {recovery.ledger} has no run {evidence.number}{why}"
    if any(run.digest == digest_of(document) and run.id == evidence.id for run in known):
        return ""
    return f"the ledger {recovery.ledger} has another digest for run {evidence.number}"


def _read_file(name: str, document: JsonObject) -> _File | None:
    try:
        return _File(name, evidence_of(document), digest_of(document))
    except PortinfraError:
        return None


def _is_to(recovery: Recovery, evidence: Evidence) -> bool:
    """Return whether evidence is about a run in the ledger of the target."""
    target = f"{recovery.target.name} ({recovery.target.on})"
    return (evidence.topology, evidence.target) == (recovery.topology.name, target)


def _known_history(run: Run, files: Iterable[_File]) -> RunHistory:
    own = [file for file in files if file.evidence.number == run.number and file.evidence.id == run.id]
    equal = [file for file in own if file.digest == run.digest]
    found: Found = "here" if equal else "differs" if own else "elsewhere" if run.digest else "none"
    name = next((file.name for file in equal or own), "")
    return RunHistory(run.number, run.kind, run.id, run.began, run.result, found, name)


def _from_file(file: _File, pruned: int) -> RunHistory:
    """Return a run that the ledger does not have, from its evidence. The ledger has removed runs up to the
    number `pruned`, and should have all later ones.
    """
    run = file.evidence
    found: Found = "here" if run.number <= pruned else "differs"
    return RunHistory(run.number, run.kind, run.id, run.started, run.result, found, file.name)


def _missing(runs: Iterable[Run], files: Iterable[_File], listed: Iterable[RunHistory]) -> list[RunHistory]:
    """Return the runs whose numbers were given, but of which no record exists.

    The ledger has the newest runs without a gap. Evidence that names older runs proves that they existed.
    """
    known_numbers = {each.number for each in listed}
    numbers = [run.number for run in runs if run.number]
    newest = max(numbers, default=0)
    expected = set(range(max(1, newest - KEPT + 1), newest))
    expected |= {file.evidence.previous_number for file in files if file.evidence.previous_number}
    return [RunHistory(number, "", "", "", "", "missing") for number in sorted(expected - known_numbers)]
