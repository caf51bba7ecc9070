"""Who a resource is: its address, its scope, its owner, and the name a console shows."""

import hashlib

from attrs import field, frozen

NAME_MAX = 63
"""The shortest limit of the clouds' own (RFC 1035 label, Compute Engine names)."""

HASH_LENGTH = 8
RESOURCE_NAME_MAX = NAME_MAX - HASH_LENGTH - 1


class Address(str):
    """Our stable name of one resource within a scope, `KIND.NAME`: `instance.web1`.

    A string, so that it sorts, hashes and serialises as one.
    """

    __slots__ = ()

    @property
    def kind(self) -> str:
        """What it is, in the words of `resources.KINDS`: `instance`."""
        return self.partition(".")[0]

    @property
    def name(self) -> str:
        """Its name among its kind: `web1`."""
        return self.partition(".")[2]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


@frozen
class Scope:
    """One topology in one environment: what a run may touch, and nothing else. `payments/production`.

    What belongs to an environment and is no part of it has a scope beside it, which no environment can have
    as its name: `payments/recovery+points`, `payments/recovery+drill-1k3f`.
    """

    topology: str
    environment: str
    _long: str = field(init=False, repr=False, eq=False)
    _short: str = field(init=False, repr=False, eq=False)

    @_long.default
    def _long_suffix(self) -> str:
        return "-" + _hash(str(self))

    _prefix: str = field(init=False, repr=False, eq=False)

    @_prefix.default
    def _name_prefix(self) -> str:
        return f"{self.topology}-{self.environment.replace('+', '-')}-"

    @_short.default
    def _short_suffix(self) -> str:
        return "-" + _hash(f"{self} short")

    def __str__(self) -> str:
        return f"{self.topology}/{self.environment}"

    def beside(self, purpose: str) -> "Scope":
        """The scope of what belongs to this environment and is no part of it."""
        return Scope(self.topology, f"{self.environment}+{purpose}")

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """The scope written as `TOPOLOGY/ENVIRONMENT`."""
        topology, _, environment = text.partition("/")
        return cls(topology, environment)

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits that tell this scope from every other."""
        return self._long[1:]

    def native_name(self, resource: str) -> str:
        """The name a console shows: deterministic, at most 63 characters, ending in a hash of the scope.

        `payments-production-web1-1c9a02bd`; where that is too long, `web1-77f1c0aa`, under another hash,
        so that `resource_name` can always tell which form it reads.
        """
        long = f"{self._prefix}{resource}{self._long}"
        return long if len(long) <= NAME_MAX else f"{resource}{self._short}"

    def resource_name(self, native_name: str) -> str | None:
        """The inverse of `native_name`; None for a name that is not of this scope."""
        if native_name.endswith(self._long) and native_name.startswith(self._prefix):
            return native_name[len(self._prefix) : -len(self._long)] or None
        if native_name.endswith(self._short):
            return native_name[: -len(self._short)] or None
        return None


@frozen
class Owner:
    """What every resource carries in the cloud, in whatever that cloud offers. Version 1."""

    scope: Scope
    address: Address
    attempt: str
    """The run that created it. Attempts sort by the time at which they began."""

    VERSION = "1"
