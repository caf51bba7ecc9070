"""What others have in a resource that the provider refused to delete: its refusal names none of it."""

from collections.abc import Callable, Iterable, Sequence

from attrs import evolve

from portinfra.errors import Conflict, ProviderError
from portinfra.model.observed import Foreign
from portinfra.model.outcome import StepOutcome

NAMED_MAX = 3
"""As many are named; `status` lists all."""


def name_residents(
    steps: Sequence[StepOutcome], find: Callable[[], Sequence[Foreign]]
) -> tuple[StepOutcome, ...]:
    """Return the steps; the error of each refused deletion names what others have in its resource.

    find: reads what others have. It is called only where a deletion was refused; what it raises is ignored,
    as the refusal matters more.
    """
    if not any(_is_refused_deletion(step) for step in steps):
        return tuple(steps)
    try:
        found = find()
    except ProviderError:
        return tuple(steps)
    return tuple(_named(step, found) for step in steps)


def _is_refused_deletion(step: StepOutcome) -> bool:
    return step.step.phase == "remove" and isinstance(step.error, Conflict)


def _named(step: StepOutcome, found: Iterable[Foreign]) -> StepOutcome:
    address, error = step.step.address, step.error
    residents = [each.title for each in found if address in (each.inside, *each.bound)]
    if not residents or not isinstance(error, Conflict) or not _is_refused_deletion(step):
        return step
    named = ", ".join(residents[:NAMED_MAX])
    more = f" and {len(residents) - NAMED_MAX} more" if len(residents) > NAMED_MAX else ""
    said = f"{str(error.args[0]).rstrip('.')}. Others have this in it: {named}{more}"
    fix = "Delete it or move it elsewhere, then run the same command again."
    told = Conflict(said, provider=error.provider, action=error.action, address=error.address, fix=fix)
    told.environment, told.__cause__ = error.environment, error
    return evolve(step, error=told)
