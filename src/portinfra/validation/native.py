"""Checks of native options against what their provider has."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from portinfra.format import suggestion
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.topology import Role

NativeOptions = Mapping[str, Mapping[str, str]]
"""Provider → option → one line of what it does."""


def native_findings(
    subject: str, native: Mapping[str, Mapping[str, Any]], location: Location, known: NativeOptions
) -> Iterator[Finding]:
    """Yield a finding for options that a provider does not have. Options of a provider that is not installed
    are not checked.
    """
    for provider, options in native.items():
        for option in options if provider in known else ():
            if option not in known[provider]:
                yield Finding(
                    "provider/unknown-option",
                    f"{provider} has no option {option!r}",
                    suggestion(option, known[provider], f"{provider} has no options."),
                    subject=f"{subject}.native.{provider}.{option}",
                    location=location,
                )


def native_provider_findings(roles: Iterable[Role], known: Collection[str]) -> Iterator[Finding]:
    """Yield a warning for the options of each provider that is not among the `known` ones."""
    for role in roles:
        for provider in role.native:
            if provider not in known:
                yield Finding(
                    "provider/unknown-provider",
                    f"no provider {provider!r} is known here, so these options have no effect",
                    suggestion(provider, known, "Install the provider, or correct its name."),
                    Severity.WARNING,
                    subject=f"role.{role.name}.native.{provider}",
                    location=role.location,
                )
