"""An operator's decisions about a takeover."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from enum import Enum

from attrs import field

from portinfra.errors import PortinfraError
from portinfra.execution.options import RunOptions
from portinfra.model import convert
from portinfra.model.strict import strict
from portinfra.value import frozen

FIRST_MOMENT, LAST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
"""The moments that an entry of the ledger can hold."""


def in_utc(moment: datetime | None) -> datetime | None:
    """Return a moment with its zone: one without a zone is in UTC.

    Raises PortinfraError for a moment that the ledger cannot hold.
    """
    if not isinstance(moment, datetime):
        return moment  # a wrong type is refused later
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not FIRST_MOMENT <= aware <= LAST_MOMENT:
        raise PortinfraError(
            f"{moment.isoformat()} is no moment of data",
            fix=f"Name a moment from {FIRST_MOMENT.year} to {LAST_MOMENT.year}.",
        )
    return aware


@frozen(field_transformer=strict)
class FailoverOptions:
    """The options of a takeover. What the ledger records of one that has begun applies, too."""

    lost: bool = False
    """Make no call to the other end, because it is lost."""
    planned: bool | None = None
    """Carry one more point after the other end is stopped, so that no data is lost. The other end must
    answer. None: the way back does so, while nothing is restored.
    """
    without: Collection[str] = field(default=(), converter=convert.strings)
    """The ids of points that are not to be used: damaged ones, or ones that were made too late."""
    from_points: bool = False
    """Use points, although own volumes of the end that becomes active have newer data."""
    as_of: datetime | None = field(default=None, converter=in_utc)
    """Use the newest point of each group that is not later, and never own volumes. Without a zone
    it is UTC.
    """
    blank: Collection[str] = field(default=(), converter=convert.strings)
    """The addresses of volumes that may begin blank where no point has data of them."""
    insist: bool = False
    """Continue although the check before it finds errors, other than missing data. Evidence lists them."""
    run_options: RunOptions = field(factory=RunOptions)
    at: Callable[[Enum], None] = lambda step: None
    """Called before each step (`takeover.steps.Step`)."""
