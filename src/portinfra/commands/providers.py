"""`providers`: the installed providers and their abilities, offline."""

from typing import TYPE_CHECKING, Annotated

from attrs import asdict
from typer import Argument, Option

from portinfra.command_text import command_line
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session

if TYPE_CHECKING:
    from portinfra.model.plain import Document
    from portinfra.provider.interface import ProviderPlugin


def providers(
    session: Session,
    shown: OutputOptions,
    name: Annotated[str | None, Argument(metavar="NAME", help="Show this provider in full.")] = None,
    policy: Annotated[
        bool, Option("--iam-policy", help="Print the policy with the least permissions for NAME.")
    ] = False,
    doctor: Annotated[
        bool, Option("--doctor", help="Check what this machine lacks for NAME, and print how to fix it.")
    ] = False,
    on: Annotated[
        str,
        Option("--on", metavar="LOCATION", help="--doctor: check this site, too: libvirt:rack."),
    ] = "",
) -> int:
    """List the installed providers, or all about one. That is its abilities, sizes and images. Makes no API
    call, except with --doctor.
    """
    from portinfra.errors import Unsupported
    from portinfra.provider import registry
    from portinfra.render.console.styled import table
    from portinfra.render.console.terminal import err, out, write_json

    if on and not doctor:
        raise Misuse("--on is only for --doctor", fix="Leave it out, or add --doctor.")
    if policy:
        write_json(_policy(name))
        return Exit.DONE
    if doctor:
        return _examine(name, on, shown)
    found: dict[str, Document] = {}
    for each in [name] if name else registry.list_installed():
        try:
            found[each] = _to_document(registry.plugin(each))
        except Unsupported as error:
            if name:
                raise
            err().print(f"{error}. {error.fix}")
    if shown.as_json:
        write_json({"schema": "portinfra.providers/1", "providers": found})
    elif name:
        _show_one(name, found[name])
    else:
        listed = table("provider", "sizes", "images")
        for each, described in found.items():
            listed.add_row(each, ", ".join(described["sizes"]), ", ".join(described["images"]))
        out().print(listed)
    return Exit.DONE


def _policy(name: str | None) -> "Document":
    """Return the policy, as the provider's own tools take it. Raises Misuse where there is none."""
    from portinfra.provider import registry
    from portinfra.provider.abilities import PermissionPolicies

    if name is None:
        raise Misuse(
            "--iam-policy: no provider is named",
            fix=f"Name it: {command_line('providers', 'aws', '--iam-policy')}",
        )
    plugin = registry.plugin(name)
    if not isinstance(plugin, PermissionPolicies):
        raise Misuse(f"--iam-policy: {name} has no policies of permissions", fix="Name aws or gcp.")
    return dict(plugin.iam_policy())


def _examine(name: str | None, on: str, shown: OutputOptions) -> int:
    """Print the checks of this machine or of a site by a provider. Return the exit code.

    Raises Misuse for a provider that has no checks.
    """
    from portinfra.provider import registry
    from portinfra.provider.abilities import Doctor
    from portinfra.render.console.terminal import out, write_json

    at, _, place = on.partition(":")
    if on and (not place or name not in (None, at)):
        raise Misuse(f"--on {on} is no location of {name or 'a provider'}", fix="Name one: --on libvirt:rack")
    name = name or at or None
    if name is None:
        raise Misuse(
            "--doctor: no provider is named",
            fix=f"Name it: {command_line('providers', 'libvirt', '--doctor')}",
        )
    plugin = registry.plugin(name)
    if not isinstance(plugin, Doctor):
        raise Misuse(f"--doctor: {name} needs nothing from this machine", fix="Name libvirt.")
    checks = plugin.doctor(place)
    if shown.as_json:
        write_json({"schema": "portinfra.doctor/1", "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            finding = check.told
            out().print(f"{'ok     ' if check.good else 'missing'} {check.name}: {finding}")
            if check.fix:
                out().print(f"        {check.fix}")
    return Exit.DONE if all(check.good for check in checks) else Exit.FAILED


def _to_document(plugin: "ProviderPlugin") -> "Document":
    return {
        "capabilities": asdict(plugin.capabilities),
        "sizes": dict(plugin.sizes),
        "images": list(plugin.images),
        "native": dict(plugin.native),
    }


def _show_one(name: str, described: "Document") -> None:
    from portinfra.render.console.differences import value
    from portinfra.render.console.styled import table
    from portinfra.render.console.terminal import out

    console = out()
    console.print(f"{name}: images {', '.join(described['images'])}")
    for heading, pairs in (
        ("size", described["sizes"]),
        ("ability or limit", described["capabilities"]),
        ("native option", described["native"]),
    ):
        if pairs:
            listed = table(heading, "")
            for key, given in pairs.items():
                listed.add_row(key.replace("_", " ") if heading.startswith("ability") else key, value(given))
            console.print()
            console.print(listed)
