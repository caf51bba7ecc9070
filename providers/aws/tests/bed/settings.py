"""What may be set about the bed: how slow, how strict and how large this EC2 is."""

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from portinfra.testing import emulator


@define
class Settings(emulator.Settings):
    """As a test wants its EC2. The defaults answer at once and refuse all that EC2 refuses."""

    pending_seconds: float = 0.0
    """How long instances, volumes, attachments and snapshots stay in a state of passage."""
    visibility_seconds: float = 0.0
    """How long lists do not show what was made."""
    lingering_seconds: float = 0.0
    """How long lists still show what was deleted, once they have shown it."""
    stale_seconds: float = 0.0
    """How old at most the state is that a list shows, of each record another; see bed/lag.py."""
    reference_seconds: float = 0.0
    """How long an id is not found by requests that refer to it."""
    terminated_seconds: float = 3600.0
    """How long a terminated instance is still described."""
    throttling: bool = False
    """Whether requests take tokens from the buckets that EC2 publishes."""
    page_limit: int | None = None
    """The most that one page holds, whatever MaxResults says."""
    signatures: bool = True
    """Whether signatures are computed again."""
    quotas: dict[str, int] = field(factory=dict)
    """Kind → the most that an account may have of it in a region: `{"vpc": 5}`; see rules/quotas.py."""
    capacity: dict[str, int] = field(factory=dict)
    """`zone type` → the most that may run there: `{"us-east-1a t3.small": 2}`."""
    copies_at_once: int = 20
    """How many copies of snapshots a region takes at once; 5 in 2017."""
    exhausted: frozenset[str] = frozenset()
    """Zones without any machine left to give."""
    allowed: frozenset[str] | None = None
    """The only IAM actions that callers have (`ec2:RunInstances`); None: all."""
    policy: Mapping[str, Any] | None = None
    """The IAM policy of all callers, as AWS takes it; None: all is allowed."""
    organisation: Mapping[str, Any] | None = None
    """A service control policy that denies something; None: the organisation denies nothing."""
    refusals: dict[str, str] = field(factory=dict)
    """Action → the code that each of its requests is refused with."""
    keys: frozenset[str] | None = None
    """The only KMS keys there are; None: every one that is named."""
    disabled_keys: frozenset[str] = frozenset()
    """KMS keys that cannot be used now, by the name that a client gives them; see rules/life.py."""
    profiles: frozenset[str] = frozenset()
    """The ARNs of the instance profiles that there are, in whatever account."""
