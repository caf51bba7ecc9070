"""How a recovery makes its calls, and who is told how far it is."""

from attrs import field, frozen

from portinfra.hooks.listeners import SafeListener
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
