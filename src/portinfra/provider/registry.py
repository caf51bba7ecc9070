"""Which providers are installed here: entry points in group `portinfra.providers`."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

from portinfra.errors import Unsupported
from portinfra.model.environment import Environment
from portinfra.provider.interface import Provider, ProviderPlugin

GROUP = "portinfra.providers"


def installed() -> Mapping[str, EntryPoint]:
    """The entry points of every provider installed, by name; none is imported yet."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def plugin(name: str) -> ProviderPlugin:
    """The provider of that name. Raises Unsupported where it is not installed or cannot be imported."""
    entries = installed()
    if name not in entries:
        near = get_close_matches(name, entries, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else f"Install it: pip install portinfra-{name}. "
        raise Unsupported(
            f"there is no provider {name!r}", fix=f"{hint}Installed here: {', '.join(entries) or 'none'}."
        )
    try:
        found: ProviderPlugin = entries[name].load()
    except Exception as error:
        raise Unsupported(
            f"the provider {name!r} ({entries[name].value}) cannot be imported: {error}",
            fix=f"Install it again: pip install --force-reinstall portinfra-{name}.",
        ) from error
    return found


def connect(environment: Environment) -> Provider:
    """The live location of an environment."""
    return plugin(environment.provider).connect(environment)
