"""From declared values to HCL that loads to equal values: canonical, one way to write each thing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from attrs import fields, frozen

from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.text import before_reference, heredoc, quote
from portinfra.errors import DeclarationError
from portinfra.model.environment import Environment
from portinfra.model.recovery import Action, DataPolicy, Probe, RecoveryPlan, Wave
from portinfra.model.resources import Volume
from portinfra.model.sensitive import Reference, SensitiveText
from portinfra.model.topology import Flow, PortRange, Role, Topology
from portinfra.model.vault import Vault

INDENT = "  "
WIDTH = 100
IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*")
KEYWORDS = {"if", "in", "for", "for_each", "else", "endif", "endfor", "null", "true", "false"}

Pairs = Iterable[tuple[str, Any]]


@frozen
class Expression:
    """What is written as it is: a reference to a variable."""

    text: str


Value = (
    Topology | Role | Volume | Flow | Environment | RecoveryPlan | Wave | DataPolicy | Action | Probe | Vault
)


def to_hcl(declared: Declared) -> str:
    """The declaration as HCL, which loads to equal values; what has its default is left out.

    A role's user data is written out: it is the user's own. What was made from sensitive variables is not: it
    refers to variables, which are declared without a value. Raises DeclarationError for what HCL cannot hold:
    an environment's `dns` function, a Python function as a hook, or a native option that is no plain value.
    """
    blocks = [
        *_variables(declared.topologies),
        *map(_topology, declared.topologies),
        *map(_environment, declared.environments),
        *map(_recovery, declared.recoveries),
    ]
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def _topology(topology: Topology) -> list[str]:
    roles = [_role(role, topology) for role in topology.roles]
    flows = [_flow(flow) for flow in topology.flows]
    return _block("topology", topology.name, _changed(topology, ("tags",)), [*roles, *flows])


def _variables(topologies: Iterable[Topology]) -> Iterator[list[str]]:
    """A variable for each sensitive value that a role refers to, without the value."""
    names: dict[str, str] = {}
    for topology in topologies:
        for role in topology.roles:
            if isinstance(role.user_data, SensitiveText):
                made_from = ", ".join(sorted(role.user_data.variables))
                whole = f"# The whole user data of the role {role.name}, which was computed with {made_from}."
                for name in _references(topology, role):
                    names.setdefault(name, "" if role.user_data.pieces else whole)
    for name, whole in names.items():
        comments = [whole] if whole else []
        comments.append(f"# Sensitive, so its value is not written: give it by --var {name}=VALUE.")
        yield [*comments, *_block("variable", name, [("sensitive", True)])]


def _references(topology: Topology, role: Role) -> list[str]:
    """The variables that stand for what is sensitive in a role's user data."""
    pieces = getattr(role.user_data, "pieces", ())
    known = [piece.variable for piece in pieces if isinstance(piece, Reference)]
    return known or [f"{topology.name}_{role.name}_user_data"]


ROLE = tuple(f.name for f in fields(Role) if f.name not in ("name", "volumes", "native", "location"))
VOLUME = ("gib", "mount", "key", "protect", "tags")
ENVIRONMENT = (
    "account",
    "cidr",
    "key",
    "zones",
    "sizes",
    "images",
    "keys",
    "credentials",
    "tags",
    "subnet_prefix",
)
WAVE = ("roles", "gates", "limit")
VAULT = tuple(f.name for f in fields(Vault) if f.name not in ("native", "stand", "location"))
DATA = tuple(f.name for f in fields(DataPolicy) if f.name not in ("of", "location"))
ACTION = ("run", "on", "after")


def _role(role: Role, topology: Topology) -> list[str]:
    volumes = [
        _block("volume", volume.name, _changed(volume, VOLUME, always=("gib",))) for volume in role.volumes
    ]
    pairs = [
        (name, _reference(value, topology, role) if isinstance(value, SensitiveText) else value)
        for name, value in _changed(role, ROLE)
    ]
    return _block("role", role.name, pairs, [*volumes, *_native(role)])


def _reference(text: SensitiveText, topology: Topology, role: Role) -> Expression:
    """An expression that makes the text from variables."""
    if len(text.pieces) < 2:
        (name,) = _references(topology, role)
        return Expression(f"var.{name}")
    written = [
        f"${{var.{piece.variable}}}" if isinstance(piece, Reference) else before_reference(piece)
        for piece in text.pieces
    ]
    return Expression(f'"{"".join(written)}"')


def _native(value: Role | Vault) -> list[list[str]]:
    return [_block("native", provider, options.items()) for provider, options in value.native.items()]


def _flow(flow: Flow) -> list[str]:
    pairs: list[tuple[str, Any]] = [("from", _alone(flow.sources)), ("to", _alone(flow.targets))]
    pairs += [(name, _ports(ranges)) for name, ranges in (("tcp", flow.tcp), ("udp", flow.udp)) if ranges]
    pairs += _changed(flow, ("icmp", "why"))
    return _block("allow", None, pairs)


def _environment(environment: Environment) -> list[str]:
    if environment.dns is not None:
        raise DeclarationError(
            f"environment {environment.name!r} has a dns function, which HCL cannot hold",
            location=environment.location,
            fix="Keep this declaration in Python, or leave dns out.",
        )
    pairs = [("on", environment.on), *_changed(environment, ENVIRONMENT)]
    roles = [_block("role", name, overrides.items()) for name, overrides in environment.roles.items()]
    return _block("environment", environment.name, pairs, roles)


def _recovery(recovery: RecoveryPlan) -> list[str]:
    pairs = [(name, getattr(recovery, name)) for name in ("source", "target", "rpo", "rto")]
    plain = all(wave == Wave(wave.roles) for wave in recovery.waves)
    if plain:
        pairs.append(("waves", [list(wave.roles) for wave in recovery.waves]))
    pairs += _changed(recovery, ("without", "drill_cidr", "drill_limit", "contacts"))
    blocks = [] if plain else [_hooked(recovery, "wave", None, wave, WAVE) for wave in recovery.waves]
    if recovery.vault is not None:
        blocks.append(_vault(recovery.vault))
    blocks += [_hooked(recovery, "data", policy.of, policy, DATA) for policy in recovery.data]
    blocks += [_hooked(recovery, "action", each.name, each, ACTION) for each in recovery.actions]
    blocks += [_hooked(recovery, "probe", each.name, each, ("run",)) for each in recovery.probes]
    return _block("recovery", recovery.name, pairs, blocks)


def _vault(vault: Vault) -> list[str]:
    if vault.stand is not None:
        raise DeclarationError(
            "a vault whose helpers are played by a stand-in cannot be held in HCL",
            location=vault.location,
            fix="Keep this declaration in Python, or leave stand out.",
        )
    return _block("vault", None, _changed(vault, VAULT), _native(vault))


def _hooked(
    recovery: RecoveryPlan,
    kind: str,
    label: str | None,
    value: Wave | DataPolicy | Action | Probe,
    names: Iterable[str],
) -> list[str]:
    pairs = list(_changed(value, names))
    for _, held in pairs:
        if any(map(callable, held if isinstance(held, tuple) else (held,))):
            raise DeclarationError(
                f"recovery {recovery.name!r} calls a Python function, which HCL cannot hold",
                location=value.location,
                fix="Keep this declaration in Python, or call a command.",
            )
    return _block(kind, label, pairs)


def _changed(value: Value, names: Iterable[str], always: Iterable[str] = ()) -> Iterator[tuple[str, Any]]:
    """The fields that do not have their default."""
    defaults = {f.name: f.default for f in fields(type(value))}
    for name in names:
        held, default = getattr(value, name), defaults[name]
        usual = default.factory() if hasattr(default, "factory") else default
        if name in always or held != usual:
            yield name, _alone(held) if isinstance(held, tuple) else held


def _alone(values: tuple[str, ...]) -> str | tuple[str, ...]:
    """One text needs no list."""
    return values[0] if len(values) == 1 else values


def _ports(ranges: Iterable[PortRange]) -> list[int | str]:
    return [first if first == last else f"{first}-{last}" for first, last in ranges]


def _block(kind: str, label: str | None, pairs: Pairs, blocks: Iterable[list[str]] = ()) -> list[str]:
    """The lines of a block: attributes, equals signs one under another, then the blocks within."""
    written = [(name, _written(value, INDENT)) for name, value in pairs]
    width = max((len(name) for name, _ in written), default=0)
    lines = [f"{INDENT}{name.ljust(width)} = {value}" for name, value in written]
    head = f"{kind} {quote(label)}" if label is not None else kind
    inside = [line for block in blocks for line in _indented(block)]
    body = "\n".join([*lines, *inside])
    return [f"{head} {{", *body.split("\n"), "}"] if body else [f"{head} {{}}"]


def _indented(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield INDENT + line if line else line


def _written(value: Any, indent: str) -> str:
    """A value as an expression that begins on a line indented so far."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, str):
        return heredoc(value, indent) or quote(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return repr(int(value))
    if isinstance(value, float) and isfinite(value):
        return repr(int(value) if value.is_integer() else value)
    deeper = indent + INDENT
    if isinstance(value, Mapping):
        items = [f"{_key(key)} = {_inline(item, deeper)}" for key, item in value.items()]
        return _enclosed("{", items, "}", indent)
    if isinstance(value, tuple | list):
        return _enclosed("[", [_inline(item, deeper) for item in value], "]", indent)
    raise DeclarationError(
        f"HCL cannot hold a value of type {type(value).__name__}",
        fix="Use text, numbers, True, False, None, lists and mappings.",
    )


def _inline(value: Any, indent: str) -> str:
    """Like `_written`, on no more lines than needed: a heredoc cannot stand in a list."""
    return quote(value) if isinstance(value, str) else _written(value, indent)


def _enclosed(left: str, items: list[str], right: str, indent: str) -> str:
    space = " " if left == "{" and items else ""
    line = left + space + ", ".join(items) + space + right
    if len(indent) + len(line) <= WIDTH and "\n" not in line:
        return line
    lines = [f"{indent}{INDENT}{item}," for item in items]
    return "\n".join([left, *lines, indent + right])


def _key(key: str) -> str:
    return key if IDENTIFIER.fullmatch(key) and key not in KEYWORDS else quote(key)
