"""The capture of all due groups: one moment for each group, and one record of the ledger for all of them."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from portinfra.errors import ApplyError, FindingsError
from portinfra.hooks.inventory import inventory
from portinfra.model.address import Address
from portinfra.model.plain import Document
from portinfra.model.progress import Progress
from portinfra.model.resources import Spec
from portinfra.recovery.groups import Group
from portinfra.recovery.ledger.points import Point, manifest, new_id
from portinfra.recovery.points.capture import Capture
from portinfra.recovery.replication.work import Work


def take_points(work: Work, due: Collection[Group], known: Iterable[Point]) -> None:
    """Capture each group. The ledger then has the complete points, which are still on their way.

    At most one group is frozen at a time, so only its own hooks and snapshots count for its `freeze_limit`.
    Its freeze ends once the provider promises that later writes are not in its snapshots. They are awaited
    when no group is frozen.
    """
    ids = {point.id for point in known}
    all_captures: list[Capture] = []
    failed: dict[Address, str] = {}
    at_once = [[group for group in due if not group.before]]
    with work.target.run.keep_lease():  # no call to the target renews its lease during the capture
        for some in [*at_once, *([group] for group in due if group.before)]:
            with ExitStack() as frozen:
                captures = list(_freeze(work, some, ids, frozen))
                failed |= _begin_snapshots(work, captures)
            all_captures += captures
        failed |= _complete_snapshots(work, all_captures, failed)
        work.check()  # again, as hooks and snapshots take time
        problems = {each.id: _problem(each, failed) for each in all_captures}
        work.ledger.add_all([_entry(work, each) for each in all_captures if not problems[each.id]])
        for each in all_captures:
            if problem := problems[each.id]:
                _fail(work, each.group, problem)
                mine = each.snapshots("")
                work.source.change({address: None for address in work.source.snapshots() if address in mine})
            else:
                work.say(f"{each.group.name}: taken")


def _freeze(work: Work, due: Iterable[Group], ids: set[str], frozen: ExitStack) -> Iterator[Capture]:
    """Yield the groups whose hooks `before` passed. When `frozen` closes, it calls the hooks `after`."""
    for group in due:
        id = new_id(work.source.now, ids)
        ids.add(id)
        begun = Capture(group, id, work.source, _gate_inventory(work, group), end=work.captured_end)
        frozen.callback(begun.thaw)  # before the freeze, as an interrupt may come during it
        work.source.run.wait_for_lists()  # before the freeze: no plan waits for them while it lasts
        if problem := begun.freeze():
            _fail(work, group, problem)
            begun.thaw()
        else:
            yield begun


def _begin_snapshots(work: Work, captures: Collection[Capture]) -> Mapping[Address, str]:
    """Begin all snapshots at once, and wait until they are captured; return why some are not."""
    wanted = _snapshots(work, captures)
    freeze_ends = min((each.froze + each.limit for each in captures if each.group.before), default=math.inf)

    def listen(progress: Progress) -> None:
        if progress.step is not None and progress.fate == "done":
            for each in captures:
                each.record_capture(progress.step.address)

    return _failures(wanted, lambda: work.source.begin(wanted, listen, freeze_ends))


def _complete_snapshots(
    work: Work, captures: Iterable[Capture], failed: Mapping[Address, str]
) -> Mapping[Address, str]:
    """Wait for the snapshots of each group that has begun them all; return why some are not complete. One
    that had to be made again is of a later moment.
    """
    begun = [each for each in captures if failed.keys().isdisjoint(each.snapshots(""))]
    wanted = _snapshots(work, begun)
    if not wanted:
        return {}
    work.source.run.wait_for_lists()
    before = work.source.snapshots()
    lost = _failures(wanted, lambda: work.source.change(wanted))
    after = work.source.snapshots()
    complete = {a for a, seen in after.items() if a in before and seen.id == before[a].id and not seen.fault}
    return {**{a: f"{a}, as it began, cannot be completed" for a in wanted if a not in complete}, **lost}


def _snapshots(work: Work, captures: Iterable[Capture]) -> dict[Address, Spec]:
    return {
        address: spec
        for each in captures
        for address, spec in each.snapshots(_copying_account(work, each.group)).items()
    }


def _failures(wanted: Iterable[Address], make: Callable[[], None]) -> Mapping[Address, str]:
    """Make snapshots; return why some could not be made."""
    try:
        make()
    except ApplyError as error:
        return {
            step.step.address: str(step.error or error) for step in error.outcome.steps if step.fate != "done"
        }
    except FindingsError as error:
        return dict.fromkeys(wanted, str(error))
    return {}


def _problem(each: Capture, failed: Mapping[Address, str]) -> str:
    """Return why a group was not captured; empty: it was."""
    broken = next((failed[address] for address in sorted(each.snapshots("")) if address in failed), "")
    return each.problem or broken or each.lateness()


def _entry(work: Work, each: Capture) -> Document:
    return manifest(
        each.id,
        each.group.name,
        each.moment,
        each.group.volumes,
        engine=work.recovery.engine(each.group.policy),
        topology=work.recovery.digest,
        key=work.recovery.target.key or "",
    )


def _copying_account(work: Work, group: Group) -> str:
    """Return the account that copies a group's snapshots; empty where they are sent through the vault."""
    mine, other = work.recovery.source.account, work.recovery.target.account
    native = work.recovery.engine(group.policy) == "native"
    return other if native and other != mine else ""


def _gate_inventory(work: Work, group: Group) -> Any:
    return inventory(
        work.placed,
        work.there,
        end=work.captured_end,
        group=group.name,
        volumes=list(group.volumes),
    )


def _fail(work: Work, group: Group, problem: str) -> None:
    work.fail(group, problem)
    work.say(f"{group.name}: failed: {problem}")
