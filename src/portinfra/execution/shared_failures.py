"""Failures that equal resources share: a quota, a permission, a key. One call finds them for all."""

from collections.abc import Iterable

from attrs import field

from portinfra.errors import PermissionDenied, ProviderError, QuotaExceeded
from portinfra.model.resources import Instance, Spec
from portinfra.provider.interface import Call
from portinfra.value import define

DECISIVE = ("machine_type", "image", "disk_gib", "gib", "key", "native", "power")
"""The attributes that decide whether a quota refuses a resource."""

DECISIVE_TOO = ("tags",)
"""The further attributes that decide whether a permission or a key does: a policy may require tags."""

OF_ITS_OWN = ("attachment", "snapshot")
"""Kinds whose limits belong to one host or one volume: others of the kind may still succeed."""


@define
class SharedFailures:
    """The refusals of one apply that every equal call would get."""

    _errors: dict[tuple[str, ...], ProviderError] = field(factory=dict)

    def note(self, actions: Iterable[str], want: Spec | None, exists: bool, error: Exception) -> None:
        """Record an error that ended a step, if it applies to other resources, too.

        The error of a creation does. A refused call on an existing resource does not, as a policy may depend
        on the tags of that one resource. Nor does a deletion: the protection of one resource does not protect
        another. A quota that stops an existing host counts for all hosts, as each running host needs it.
        """
        if want is None or want.kind in OF_ITS_OWN or not isinstance(error, PermissionDenied | QuotaExceeded):
            return
        host_meets_quota = isinstance(error, QuotaExceeded) and isinstance(want, Instance)
        if not exists or host_meets_quota:
            for action in actions:
                self._errors.setdefault(_likeness(action, want, type(error)), error)

    def meets(self, call: Call, want: Spec | None) -> ProviderError | None:
        """Return the error that a call would get, with its own resource; None: none is known."""
        if want is None:
            return None
        kinds = (PermissionDenied, QuotaExceeded)
        met = (self._errors.get(_likeness(call.action, want, kind)) for kind in kinds)
        known = next(filter(None, met), None)
        if known is None:
            return None
        error = type(known)(
            str(known.args[0]),
            provider=known.provider,
            action=known.action,
            address=call.address or "",
            fix=known.fix,
        )
        error.environment = known.environment
        return error

    def forget_quotas(self) -> None:
        """Forget quotas after a deletion: it may have freed a part of them."""
        kept = {key: error for key, error in self._errors.items() if not isinstance(error, QuotaExceeded)}
        self._errors = kept


def _likeness(action: str, want: Spec, error: type[Exception]) -> tuple[str, ...]:
    is_quota = issubclass(error, QuotaExceeded)
    decisive = DECISIVE if is_quota else DECISIVE + DECISIVE_TOO
    kind = "quota" if is_quota else "permission"
    return (kind, action, want.kind, *(repr(getattr(want, name, None)) for name in decisive))
