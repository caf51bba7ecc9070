"""The reports about what a whole run waits for. The steps of a plan report their own waits."""

from collections.abc import Callable

from portinfra.model.address import Scope
from portinfra.model.lease import Lease
from portinfra.model.progress import Listener, Progress

LONG_SECONDS = 10.0
"""A wait or a call that may take longer is reported."""

WaitListener = Callable[[str, float], None]
"""A function that receives what is waited for, and for how many seconds at most."""


def wait_listener(listen: Listener) -> WaitListener:
    """Return a function that reports each wait that may take long to a listener, when the wait begins."""

    def report(what: str, most: float) -> None:
        if most >= LONG_SECONDS:
            listen(Progress(0, 0, 0, 0, 0.0, message=f"waiting {what}", waits=True, limit=most))

    return report


def other_lease(lease: Lease, scope: Scope) -> str:
    """Return what a run waits for while another run has the lease."""
    return f"for {lease.holder_identity}, whose run of {scope} may be dead: it has not released its lease"


LAST_RUN = "until lists show the last change of the last run"
OWN_CHANGES = "until lists show the changes of this run"
OWN_LEASE = "until other commands can see this run"
