"""What an operator decides about a run: how a takeover is made, and how calls are made."""

from collections.abc import Collection

from attrs import field, frozen

from portinfra.hooks.listeners import SafeListener
from portinfra.model import convert
from portinfra.model.evidence import Kind
from portinfra.model.progress import Listener, Progress
from portinfra.model.strict import strict


def _listener(given: Listener) -> SafeListener[Progress]:
    return SafeListener(given) if callable(given) else given  # what is wrong is refused


@frozen(field_transformer=strict)
class Pace:
    """How calls are made: so many at once, or one at a time in an order that a seed decides; and who is told
    how far they are.
    """

    workers: int = 8
    seed: int | None = None
    listen: Listener = field(default=lambda progress: None, converter=_listener)


@frozen(field_transformer=strict)
class How:
    """How a failover goes about it. What the ledger says of one that has begun holds besides."""

    source_is_lost: bool = False
    """Make no call to the source."""
    last_point: bool = False
    """Once the source is stopped, carry one more point: nothing is lost. Needs a source that answers."""
    without: Collection[str] = field(default=(), converter=convert.strings)
    """Points, by their ids, that are not to be used: damaged ones, or ones made when it was too late."""
    older_data: bool = False
    """Let points replace newer data that lies on the target's own volumes, of when it stood last."""
    occasion: Kind = "failover"
    """The command that leads to the target."""
    pace: Pace = field(factory=Pace)

    @property
    def other(self) -> Kind:
        """The command that leads to the source."""
        return "failback" if self.occasion == "failover" else "failover"
