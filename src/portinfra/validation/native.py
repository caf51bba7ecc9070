"""Options of one provider alone, against what that provider has."""

from collections.abc import Iterator, Mapping
from typing import Any

from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.words import suggestion

NativeOptions = Mapping[str, Mapping[str, str]]
"""Provider → option → one line of what it does."""


def native_findings(
    subject: str, native: Mapping[str, Mapping[str, Any]], location: Location, known: NativeOptions
) -> Iterator[Finding]:
    """Options that a provider does not have. One that is not installed here cannot be asked."""
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
