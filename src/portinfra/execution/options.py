"""The options of a run: how it makes calls, and who receives its progress."""

from attrs import field

from portinfra.hooks.listeners import SafeListener
from portinfra.model.progress import Listener, Progress
from portinfra.model.strict import strict
from portinfra.value import frozen

WORKERS = 8
"""The most calls at the same time."""


def _listener(given: Listener) -> Listener:
    # A wrong type is refused later.
    return SafeListener[Progress](given) if callable(given) and not isinstance(given, SafeListener) else given


@frozen(field_transformer=strict)
class RunOptions:
    """How portinfra makes calls: `workers` at once, or with a `seed` one at a time in an order that it
    decides. It calls `listen` with the progress.
    """

    workers: int = WORKERS
    seed: int | None = None
    listen: Listener = field(default=lambda progress: None, converter=_listener)
