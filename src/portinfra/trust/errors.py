"""The errors of this package."""

from portinfra.base_errors import PortinfraError


class TrustError(PortinfraError):
    """A file or a program that trust needs cannot be used."""


class Refusal(Exception):
    """A request gets no certificate. `str()` is the reason."""


class Malformed(Refusal):
    """A request that no correct host makes: it is no certificate request, or its path and subject differ."""
