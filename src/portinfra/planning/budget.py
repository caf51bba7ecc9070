"""The cost of calls: how many, and the least time that the provider's published rates allow."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import ceil

from attrs import evolve

from portinfra.errors import ProviderError
from portinfra.format import suggestion
from portinfra.model.catalogue import Rate
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Budget
from portinfra.provider.batches import batch_key
from portinfra.provider.interface import Call
from portinfra.provider.own_code import DEFECT_FIX

BUCKET_SHARE = 0.5
"""The assumed share of a full bucket when an apply begins: other programs use the same account."""


def budget(calls: Iterable[Call], rates: Mapping[str, Rate]) -> Budget:
    """Return the budget of these calls. `floor_seconds` is that of the slowest rate class.

    Calls that can be joined count as the fewest requests that can hold them.
    """
    requests, classes = 0, Counter[str]()
    for (_, batch, names), calls_made in Counter(
        (batch_key(call), call.batch, call.rates) for call in calls
    ).items():
        joined = ceil(calls_made / batch.size_max) if batch else calls_made
        requests += joined
        for name in names:
            classes[name] += calls_made if batch and name in batch.counted else joined
    floor = max((_floor(count, rates[name]) for name, count in classes.items() if name in rates), default=0.0)
    return Budget(requests, round(floor, 1), dict(sorted(classes.items())))


def granted_rates(published: Mapping[str, Rate], calls_per_minute: Mapping[str, int]) -> dict[str, Rate]:
    """Return the published rates with those that the account was granted. Buckets stay as published."""
    granted = {name: calls / 60 for name, calls in calls_per_minute.items() if name in published}
    return {
        name: evolve(rate, per_second=granted.get(name, rate.per_second)) for name, rate in published.items()
    }


def unknown_rate_findings(environment: Environment, published: Mapping[str, Rate]) -> Iterator[Finding]:
    """Yield a warning for each rate that is declared and that the provider does not have."""
    for name in environment.calls_per_minute if published else ():
        if name not in published:
            yield Finding(
                "plan/unknown-rate",
                f"{environment.provider} has no rate class {name!r}, so its rate has no effect",
                suggestion(name, published, f"Name one of {', '.join(sorted(published))}."),
                Severity.WARNING,
                subject=f"environment.{environment.name}.calls_per_minute",
                location=environment.location,
            )


def raise_for_unknown_rates(calls: Iterable[Call], rates: Mapping[str, Rate]) -> None:
    """Raise ProviderError for a call whose rate class has no rate, as nothing would limit its rate.

    A catalogue without rates limits no call.
    """
    for call in calls if rates else ():
        if unknown := [name for name in call.rates if name not in rates]:
            raise ProviderError(
                f"its rate class {unknown[0]!r} is not in the catalogue: {', '.join(sorted(rates))}",
                action=call.action,
                address=call.address or "",
                fix=DEFECT_FIX,
            )


def _floor(count: int, rate: Rate) -> float:
    return max(0.0, count - int(rate.bucket * BUCKET_SHARE)) / rate.per_second
