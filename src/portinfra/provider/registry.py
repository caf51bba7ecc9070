"""Which providers are installed here: entry points in group `portinfra.providers`.

A provider that has settings in a file beside declarations names the file in `portinfra.settings_files`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

from portinfra.errors import Unsupported, ValidationError
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.provider.abilities import BlockExport
from portinfra.provider.completeness import find_defects
from portinfra.provider.interface import Provider, ProviderPlugin

GROUP = "portinfra.providers"
SETTINGS_GROUP = "portinfra.settings_files"

OURS = ("aws", "gcp", "libvirt")
"""The providers that this project makes, each in a distribution of its own. No other name is ever suggested
to be installed: whose package it is, we cannot know."""

CONTRACT = ("name", "capabilities", "sizes", "images", "native", "connect")
"""What `ProviderPlugin` has."""

Wrap = Callable[[Provider, Environment], Provider]
"""Makes another provider of the one that an environment was connected to."""

_substitutes: dict[str, ProviderPlugin] = {}
_wraps: dict[str, tuple[Wrap, ...]] = {}
loaded: dict[str, ProviderPlugin] = {}
"""Plugins that this process has looked up, by name."""


@contextmanager
def substitute(plugin: ProviderPlugin) -> Iterator[None]:
    """Let a plugin stand for the provider of its name, installed or not: for tests and for trying one out."""
    before = _substitutes.get(plugin.name)
    _substitutes[plugin.name] = plugin
    try:
        yield
    finally:
        del _substitutes[plugin.name]
        if before is not None:
            _substitutes[plugin.name] = before


@contextmanager
def wrap_connections(name: str, wrap: Wrap) -> Iterator[None]:
    """Pass what each connection of the provider of that name returns through `wrap`. Its plugin, and so its
    abilities, stay as they are. Raises Unsupported where there is no such provider.
    """
    plugin(name)
    before = _wraps.get(name, ())
    _wraps[name] = (*before, wrap)
    try:
        yield
    finally:
        _wraps[name] = before


def list_installed() -> Mapping[str, EntryPoint]:
    """The entry points of every provider installed, by name; none is imported yet."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def settings_files() -> frozenset[str]:
    """Return the names of files that have settings of an installed provider, and declare nothing."""
    return frozenset(entry.name for entry in entry_points(group=SETTINGS_GROUP))


def plugin(name: str) -> ProviderPlugin:
    """The provider of that name. Raises Unsupported where it is missing or broken."""
    if name in _substitutes:
        return _substitutes[name]
    if name not in loaded:  # what is installed is looked through once: it takes milliseconds
        loaded[name] = _load(name)
    return loaded[name]


def plugin_of(environment: Environment) -> ProviderPlugin:
    """The provider of an environment. Raises ValidationError, with the line of `on`, where it is missing or
    broken.
    """
    try:
        return plugin(environment.provider)
    except Unsupported as missing:
        found = missing_provider(environment, missing)
        raise ValidationError(f"environment {environment.name}: 1 error", [found]) from missing


def missing_provider(environment: Environment, missing: Unsupported) -> Finding:
    """Return the finding about the provider that an environment names, and that `plugin` refused."""
    return Finding(
        "environment/provider",
        str(missing.args[0]),
        missing.fix,
        subject=f"environment.{environment.name}.on",
        location=environment.location,
    )


def _load(name: str) -> ProviderPlugin:
    entries = list_installed()
    if name not in entries:
        raise Unsupported(f"there is no provider {name!r}", fix=_suggestion(name, entries))
    entry = entries[name]
    try:
        found: ProviderPlugin = entry.load()
    except Exception as error:
        raise _broken(entry, f"cannot be imported: {error}") from error
    if missing := [part for part in CONTRACT if not hasattr(found, part)]:
        raise _broken(entry, f"is no provider: it has no {', '.join(missing)}")
    says, has = found.capabilities.block_export, isinstance(found, BlockExport)
    if says != has:
        inherits = "inherits" if has else "does not inherit"
        raise _broken(entry, f"{inherits} BlockExport, but its capabilities say block_export={says}")
    return found


def known_names() -> frozenset[str]:
    """Return the names of all providers that are installed, or that this project makes."""
    return frozenset({*list_installed(), *OURS, *_substitutes})


def misspells(name: str) -> str:
    """Return the provider that a name misspells; empty for a name that may be a provider from elsewhere."""
    entries = known_names()
    return "" if name in entries else next(iter(get_close_matches(name, entries, n=1)), "")


def _suggestion(name: str, entries: Mapping[str, EntryPoint]) -> str:
    here = f"Installed here: {', '.join(entries) or 'none'}."
    if name in OURS:
        return f"Install portinfra-{name}, or try it on the built-in cloud: --on fake:us-east-1. {here}"
    near = get_close_matches(name, [*entries, *OURS], n=1)
    return f"Did you mean {near[0]!r}? {here}" if near else here


def _broken(entry: EntryPoint, why: str) -> Unsupported:
    distribution = entry.dist.name if entry.dist else "the distribution that it came with"
    return Unsupported(
        f"the provider {entry.name!r} ({entry.value}) {why}",
        fix=f"Install {distribution} again, in a version that goes with this portinfra.",
    )


def connect(environment: Environment) -> Provider:
    """The live location of an environment. Raises Unsupported with all that the provider lacks, and what
    `plugin_of` raises.
    """
    provider = plugin_of(environment).connect(environment)
    if defects := find_defects(provider):
        raise Unsupported(
            f"the provider {environment.provider!r} does not keep to its contract. {' '.join(defects)}",
            fix="This is a defect of the provider: see `Provider` in portinfra.provider.interface.",
        )
    for wrap in _wraps.get(environment.provider, ()):
        provider = wrap(provider, environment)
    return provider
