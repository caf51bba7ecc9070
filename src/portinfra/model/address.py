"""Addresses, scopes and owners of resources, and the names that a console shows."""

import hashlib

from attrs import field

from portinfra.value import frozen

NAME_MAX = 63
"""The maximal length of a name: the shortest limit of all clouds (RFC 1035 label, Compute Engine names)."""

HASH_LENGTH = 8
RESOURCE_NAME_MAX = NAME_MAX - HASH_LENGTH - 1


class Address(str):
    """The stable name of one resource within a scope, `KIND.NAME`: `instance.web1`.

    It is a string, so that it sorts, hashes and serializes as one.
    """

    __slots__ = ()

    @property
    def kind(self) -> str:
        """Its kind, as in `resources.KINDS`: `instance`."""
        return self.partition(".")[0]

    @property
    def name(self) -> str:
        """Its name, unique among the resources of its kind: `web1`."""
        return self.partition(".")[2]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


@frozen
class Scope:
    """One topology in one environment: `payments/production`. A run changes resources of its scope only.

    What belongs to an environment and is no part of it has a scope of its own. No environment can have its
    name: `payments/recovery+points`, `payments/recovery+drill-1k3f`.
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
        """Return the scope of what belongs to this environment and is no part of it."""
        return Scope(self.topology, f"{self.environment}+{purpose}")

    @property
    def is_beside(self) -> bool:
        """Whether it belongs to an environment and is no part of it, as the scope of a drill."""
        return "+" in self.environment

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Return the scope that is written as `TOPOLOGY/ENVIRONMENT`."""
        topology, _, environment = text.partition("/")
        return cls(topology, environment)

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits that identify this scope."""
        return self._long[1:]

    def native_name(self, resource: str) -> str:
        """Return the name that a console shows: deterministic, at most 63 characters, with a hash of the
        scope at its end.

        The long form is `payments-production-web1-1c9a02bd`. Where that is too long, the name is
        `web1-77f1c0aa`, with another hash: so `resource_name` always knows which form it reads.
        """
        long = f"{self._prefix}{resource}{self._long}"
        return long if len(long) <= NAME_MAX else f"{resource}{self._short}"

    def resource_name(self, native_name: str) -> str | None:
        """Return the name of the resource with this native name: the inverse of `native_name`. Return None
        for a name of another scope.
        """
        if native_name.endswith(self._long) and native_name.startswith(self._prefix):
            return native_name[len(self._prefix) : -len(self._long)] or None
        if native_name.endswith(self._short):
            return native_name[: -len(self._short)] or None
        return None


@frozen
class Owner:
    """The mark of an owner, which every resource has in the cloud: in tags, labels or whatever that cloud
    offers. Version 1.
    """

    scope: Scope
    address: Address
    attempt: str
    """The run that created it. Attempts sort by the times at which they began."""

    VERSION = "1"
