"""The installed providers: entry points in the group `portinfra.providers`.

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
from portinfra.provider.own_code import call_method, defect_fix, describe_import

GROUP = "portinfra.providers"
SETTINGS_GROUP = "portinfra.settings_files"

OURS = ("aws", "gcp", "libvirt")
"""The providers of this project, each in a distribution of its own. Advice never suggests to install another
name, as its owner is not known.
"""

CONTRACT = ("name", "capabilities", "sizes", "images", "native", "connect")
"""The members of `ProviderPlugin`."""

Wrap = Callable[[Provider, Environment], Provider]
"""Makes another provider of the one that an environment is connected to."""

_substitutes: dict[str, ProviderPlugin] = {}
_wraps: dict[str, tuple[Wrap, ...]] = {}
loaded: dict[str, ProviderPlugin] = {}
"""Plugins that this process has looked up, by name."""


@contextmanager
def substitute(plugin: ProviderPlugin) -> Iterator[None]:
    """Replace the provider of its name by a plugin, installed or not: for tests and for trying one out."""
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
    """Pass each connection of the provider of that name through `wrap`.

    Its plugin, and so its abilities, stay as they are. Raise Unsupported where there is no such provider.
    """
    plugin(name)
    before = _wraps.get(name, ())
    _wraps[name] = (*before, wrap)
    try:
        yield
    finally:
        _wraps[name] = before


def list_installed() -> Mapping[str, EntryPoint]:
    """Return the entry points of all installed providers, by name. None is imported yet."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def settings_files() -> frozenset[str]:
    """Return the names of files that have settings of an installed provider, and no declarations."""
    return frozenset(entry.name for entry in entry_points(group=SETTINGS_GROUP))


def plugin(name: str) -> ProviderPlugin:
    """Return the provider of that name. Raise Unsupported where it is missing or broken."""
    if name in _substitutes:
        return _substitutes[name]
    if name not in loaded:  # the search of installed providers takes milliseconds, so it happens once
        loaded[name] = _load(name)
    return loaded[name]


def plugin_of(environment: Environment) -> ProviderPlugin:
    """Return the provider of an environment. Raise ValidationError, with the line of `on`, where it is
    missing or broken.
    """
    try:
        return plugin(environment.provider)
    except Unsupported as missing:
        found = missing_provider(environment, missing)
        raise ValidationError(f"environment {environment.name}: 1 error", [found]) from missing


def missing_provider(environment: Environment, missing: Unsupported) -> Finding:
    """Return the finding about the provider that an environment names and that `plugin` refused."""
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
        raise _failed_import(entry, error) from error
    if missing := [part for part in CONTRACT if not hasattr(found, part)]:
        raise _broken(entry, f"is no provider: it has no {', '.join(missing)}")
    declared, has = found.capabilities.block_export, isinstance(found, BlockExport)
    if declared != has:
        inherits = "inherits" if has else "does not inherit"
        raise _broken(entry, f"{inherits} BlockExport, but its capabilities say block_export={declared}")
    return found


def known_names() -> frozenset[str]:
    """Return the names of all providers that are installed or that belong to this project."""
    return frozenset({*list_installed(), *OURS, *_substitutes})


def misspells(name: str) -> str:
    """Return the provider whose name is misspelled; empty for a name that may be a third-party provider's."""
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


def _failed_import(entry: EntryPoint, error: Exception) -> Unsupported:
    """Return the error about a provider whose import failed, with the file and line in its own code."""
    failed = _broken(entry, f"cannot be imported: {describe_import(error)}")
    absent = isinstance(error, ModuleNotFoundError) and error.name != entry.value.partition(":")[0]
    if absent or not isinstance(error, ImportError):
        return Unsupported(str(failed), fix=defect_fix(error))
    return failed


def connect(environment: Environment) -> Provider:
    """Return the connected location of an environment.

    Raise Unsupported with everything that the provider lacks, ProviderError for a defect in its `connect`,
    and what `plugin_of` raises.
    """
    provider = call_method(plugin_of(environment).connect, environment)
    if defects := find_defects(provider):
        raise Unsupported(
            f"the provider {environment.provider!r} does not keep to its contract. {' '.join(defects)}",
            fix="This is a defect of the provider: see `Provider` in portinfra.provider.interface.",
        )
    for wrap in _wraps.get(environment.provider, ()):
        provider = wrap(provider, environment)
    return provider
