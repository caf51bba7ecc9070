"""Foreign resources in a resource that the provider refuses to delete. The refusal does not name them.

Waiting does not remove foreign resources. So portinfra explains a deletion that is refused twice: if lists
show foreign resources in it, the step fails with their names.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from attrs import evolve

from portinfra.errors import Conflict, ProviderError
from portinfra.execution import retry
from portinfra.execution.caller import Caller
from portinfra.execution.loop import Loop
from portinfra.execution.task import Task
from portinfra.execution.workers import Completion
from portinfra.model.address import Address, Scope
from portinfra.model.observed import Foreign, Observation, Observed
from portinfra.model.outcome import Fate, StepOutcome
from portinfra.model.resources import Spec
from portinfra.observation import Reader
from portinfra.value import define

NAMED_MAX = 3
"""The most foreign resources that an error names; `status` lists all."""

EXPLAINED = (2, *retry.REPORTED_TRIES)
"""The numbers of refusals in a row after which portinfra searches foreign resources.

After the first one, lists may still show its own deleted resources, without their tags.
"""


@define
class RefusedDeletions:
    """The deletions of one run that foreign resources prevent."""

    scope: Scope
    caller: Caller
    loop: Loop
    there: Callable[[], Mapping[Address, Observed[Spec]]]
    """Returns the existing resources."""
    end: Callable[[Task, Fate, Exception | None], None]

    def explain(self, task: Task, error: Exception, go_on: Callable[[], None]) -> None:
        """End the step of a refused deletion if its resource has foreign resources; else call `go_on`."""
        is_refused = task.want is None and isinstance(error, Conflict)
        if not is_refused or task.tries not in EXPLAINED or self.loop.stopping:
            go_on()
            return
        reader = Reader(self.caller.provider, self.caller.once)

        def on_found(completion: Completion) -> None:
            there = completion.result if isinstance(completion.result, Observation) else Observation()
            named = _name(cast(Conflict, error), task.step.address, there.foreign or ())
            if named is None:
                go_on()
            else:
                self.end(task, "failed", named)

        there = Observation(self.there())
        self.loop.submit(on_found, lambda: reader.find_foreign(self.scope, there))


def name_foreign_resources(
    steps: Sequence[StepOutcome], find: Callable[[], Sequence[Foreign]]
) -> tuple[StepOutcome, ...]:
    """Return the steps. The error of each refused deletion names the foreign resources in its resource.

    `find` reads foreign resources. It is called only if a deletion was refused. Its errors are ignored, as
    the refusal matters more.
    """
    if not any(_is_refused_deletion(step) for step in steps):
        return tuple(steps)
    try:
        found = find()
    except ProviderError:
        return tuple(steps)
    return tuple(_name_in_error(step, found) for step in steps)


def _is_refused_deletion(step: StepOutcome) -> bool:
    """Return whether the provider refused a deletion for an unknown reason."""
    return step.step.phase == "remove" and isinstance(step.error, Conflict) and step.error.tries_max != 1


def _name_in_error(step: StepOutcome, found: Iterable[Foreign]) -> StepOutcome:
    if not _is_refused_deletion(step) or not isinstance(step.error, Conflict):
        return step
    named = _name(step.error, step.step.address, found)
    return step if named is None else evolve(step, error=named)


def _name(error: Conflict, address: Address, found: Iterable[Foreign]) -> Conflict | None:
    """Return a refusal with the names of the foreign resources in a resource; None: there are none."""
    residents = [each.title for each in found if address in (each.inside, *each.bound)]
    if not residents:
        return None
    named = ", ".join(residents[:NAMED_MAX])
    more = f" and {len(residents) - NAMED_MAX} more" if len(residents) > NAMED_MAX else ""
    message = f"{str(error.args[0]).rstrip('.')}. Foreign resources are in it: {named}{more}"
    fix = "Delete them or move them elsewhere, then run the same command again."
    explained = Conflict(
        message, provider=error.provider, action=error.action, address=error.address, fix=fix
    )
    explained.environment, explained.__cause__, explained.tries_max = error.environment, error, 1
    return explained
