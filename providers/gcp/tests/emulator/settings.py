"""What may be set about the bed: how slow, how strict and how large this Compute Engine is."""

from collections.abc import Iterable

from attrs import define, field

from portinfra.testing import emulator as base


def _names(told: Iterable[str] | None) -> frozenset[str] | None:
    return None if told is None else frozenset(told)


@define
class Settings(base.Settings):
    """As a test wants its Compute Engine. The defaults answer at once and refuse all that it refuses."""

    queue_seconds: float = 0.0
    """How long an operation is PENDING: what it makes is not there yet, but its name is taken."""
    pending_seconds: float = 0.0
    """How long an operation is RUNNING: what it makes is there, but not ready."""
    snapshot_seconds: float = 0.0
    """How much longer the creation of a snapshot is RUNNING. For half of the whole it is CREATING."""
    visibility_seconds: float = 0.0
    """How long lists do not show what was made, and show what was changed as it was."""
    lingering_seconds: float = 0.0
    """How long lists still show what was deleted, once they have shown it."""
    stale_seconds: float = 0.0
    """How old at most the state is that a list shows, of each record another: what was made is absent, what
    was changed is as before, what was deleted is still there, and new operations are not listed yet.
    """
    throttling: bool = False
    """Whether requests count against the rate quotas of rules/rates.py."""
    rates: dict[str, int] = field(factory=dict)
    """Quota group → requests a minute, where not what rules/rates.py has."""
    page_limit: int | None = None
    """The most of a project's own that one page holds, whatever maxResults says."""
    one_change_at_a_time: bool = False
    """Whether a network refuses changes of its rules and subnetworks while another one runs."""
    quotas: dict[str, int] = field(factory=dict)
    """Metric → the most that a project may have of it, in each region where it is regional:
    `{"INSTANCES": 3}`; see rules/quotas.py.
    """
    quota_in_operation: bool = False
    """Whether an exceeded quota is told by the operation (QUOTA_EXCEEDED) instead of by a 403."""
    capacity: dict[str, int] = field(factory=dict)
    """`zone type` → the most that may run there: `{"europe-west1-b e2-small": 2}`."""
    exhausted: frozenset[str] = field(default=frozenset(), converter=frozenset)
    """Zones without any machine left to give."""
    silent: frozenset[str] = field(default=frozenset(), converter=frozenset)
    """Zones that do not answer: aggregated lists lack them and say so, all else there is a 503."""
    partial: str = "both"
    """How an aggregated list says that a zone is missing: a `warning` (UNREACHABLE) in its scope and at the
    top, `unreachables`, `both`; or `failure`: a 503 unless returnPartialSuccess is true.
    """
    allowed: frozenset[str] | None = field(default=None, converter=_names)
    """The only permissions that callers have (`compute.instances.create`); None: all."""
    keys: frozenset[str] | None = field(default=None, converter=_names)
    """The only KMS keys that may be used (`projects/…/cryptoKeys/k`); None: every one that is named."""
    disabled_keys: frozenset[str] = field(default=frozenset(), converter=frozenset)
    """KMS keys whose primary version is disabled."""
    answers_checked: bool = True
    """Whether each answer is checked against the official schema."""
