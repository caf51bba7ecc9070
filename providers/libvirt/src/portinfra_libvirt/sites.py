"""Sites, read from `sites.hcl`.

site "rack" {
  account = "rack-production"
  bridge  = "br-guests"                   # one layer-2 network over all hypervisors, created beforehand
  zone "a" { uri = "qemu+ssh://root@hv1/system" }
  zone "b" { uri = "qemu+ssh://root@hv2/system" }
  key "payments" { file = "/etc/portinfra/payments.key" }
}
"""

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portinfra.errors import InvalidRequest
from portinfra_libvirt.blocks import Block, parse
from portinfra_libvirt.keys import KeySource, key_source
from portinfra_libvirt.site import ZONES, Hypervisor, Site

FILE = "PORTINFRA_SITES"
"""The variable with the path of the file of sites; without it, `sites.hcl` in the working directory."""


def find(name: str) -> Site:
    """Return the site of a location: `rack` of the file of sites, or a URI. Raises InvalidRequest."""
    if ":" in name:
        if problem := _unfit(name):
            raise _wrong(problem, "Use the system's hypervisor: libvirt:qemu:///system.")
        return Site(name, (Hypervisor(name, name, ZONES),))
    path = Path(os.environ.get(FILE) or "sites.hcl")
    if not name or not path.is_file():
        raise _wrong(
            f"libvirt:{name} needs a file of sites, but {_missing_file(path)}",
            "Use the hypervisor itself, libvirt:qemu:///system, or write the file: "
            f'site "{name or "NAME"}" {{ zone "a" {{ uri = "qemu:///system" }} }}',
        )
    found = {site.name: site for site in read_sites(path.read_text(), str(path))}
    if name not in found:
        raise _wrong(f"{path} has no site {name!r}", f"Its sites: {', '.join(found) or 'none'}.")
    return found[name]


def _missing_file(path: Path) -> str:
    given = f" ({FILE} names it)" if os.environ.get(FILE) else ""
    return f"{path}{given} is not a file" if path.exists() else f"{path}{given} does not exist"


def read_sites(text: str, file: str) -> list[Site]:
    """Return all sites of a file. Raises InvalidRequest with all of its errors."""
    problems: list[str] = []
    whole = parse(text, file, problems)
    known = 'a file of sites has blocks: site "NAME" { zone "a" { uri = "qemu:///system" } }'
    for name, attribute in whole.attributes.items():
        problems.append(f"{file}:{attribute.line}: {name} = … is outside of a block; {known}")
    for block in whole.blocks:
        if block.kind != "site":
            problems.append(f"{file}:{block.line}: the block {block.kind!r} is unknown; {known}")
    blocks = [block for block in whole.blocks if block.kind == "site"]
    sites = [_site(block, file, problems) for block in blocks]
    problems += _between([(f"{file}:{block.line}", site) for block, site in zip(blocks, sites, strict=True)])
    if problems:
        raise _wrong(
            "\n".join(problems), "Correct these lines: docs/providers/libvirt.md shows a whole file."
        )
    return sites


_TEXTS = ("account", "bridge", "forward", "directory", "images", "virt_type")
_PLAIN = (*_TEXTS, "shutdown_seconds")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "forward": ("route", "nat", "none"),
    "virt_type": ("auto", "kvm", "qemu"),
}


def _site(block: Block, file: str, problems: list[str]) -> Site:
    name = _label(block, file, problems)
    settings = {each: attribute.value for each, attribute in block.attributes.items()}

    def wrong(line: int, problem: str) -> None:
        problems.append(f'{file}:{line}: site "{name}": {problem}')

    _check_words(block, wrong)
    zones = [each for each in block.blocks if each.kind == "zone"]
    hypervisors = [_hypervisor(each, name, file, problems) for each in zones]
    _check_zones(block, zones, wrong)
    _check_hypervisors(block, [each.uri for each in hypervisors], wrong)
    keys = dict(_keys(block, name, file, problems))
    public, misfits = _public(settings)
    for each in misfits:
        wrong(block.attributes["public"].line, each)
    plain = {each: settings[each] for each in _PLAIN if settings.get(each) is not None}
    return Site(name, _together(name, hypervisors), keys=keys, public=tuple(public), **plain)


Wrong = Callable[[int, str], None]
"""Adds a problem of a line."""


def _check_words(block: Block, wrong: Wrong) -> None:
    """Report unknown settings and blocks of a site, and values that do not fit."""
    for each, attribute in block.attributes.items():
        if each in ("zone", "key"):
            wrong(attribute.line, f'{each} is a block: {each} "NAME" {{ … }}')
        elif each not in (*_PLAIN, "public"):
            wrong(
                attribute.line, f"the setting {each!r} is unknown; known are {', '.join((*_PLAIN, 'public'))}"
            )
        elif problem := _misfit(each, attribute.value):
            wrong(attribute.line, problem)
    for inner in block.blocks:
        if inner.kind not in ("zone", "key"):
            wrong(inner.line, f"the block {inner.kind!r} is unknown; known are zone and key")


def _check_zones(block: Block, zones: list[Block], wrong: Wrong) -> None:
    """Report a site without zones, and zones with the same name."""
    if not zones:
        wrong(block.line, 'a site needs a zone: zone "a" { uri = "qemu:///system" }')
    for each, twice in _twice(zones):
        wrong(twice.line, f'zone "{each}" is declared twice: give one of them another name')


def _check_hypervisors(block: Block, uris: list[str], wrong: Wrong) -> None:
    """Report zones that neither have a hypervisor each, which a bridge links, nor all the same one."""
    several = sorted({uri for uri in uris if uris.count(uri) > 1})
    if several and len(set(uris)) > 1:
        wrong(
            block.line,
            f"several zones use {several[0]}, and others do not: give each hypervisor one zone, or "
            "all zones one hypervisor",
        )
    bridge = block.attributes.get("bridge")
    if len(set(uris)) > 1 and not (bridge and bridge.value):
        wrong(block.line, "guests of several hypervisors need a shared bridge: set bridge")


def _label(block: Block, file: str, problems: list[str]) -> str:
    """Return the name of a block. Report a missing or invalid one."""
    if len(block.labels) == 1 and _NAMES.fullmatch(block.labels[0]) and block.labels[0] not in _TAKEN:
        return block.labels[0]
    called = " ".join(f'"{each}"' for each in block.labels) or "without a name"
    taken = f", but not {', '.join(_TAKEN)}" if set(block.labels) & set(_TAKEN) else ""
    problems.append(
        f'{file}:{block.line}: {block.kind} {called}: a block has one name, of letters, digits, ".", "_" '
        'and "-"'
        f'{taken}: {block.kind} "NAME" {{ … }}'
    )
    return block.labels[0] if block.labels else ""


_NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TAKEN = ("cidr", "id", "name", "owner")
"""Keys of a resource's observed parts. The name of a hypervisor must differ from them."""


def _misfit(name: str, value: Any) -> str:
    """Return what is wrong with the value of a setting; empty if it fits.

    Unreadable values are reported already.
    """
    if name == "public" or value is None:
        return ""
    if name in _CHOICES and value not in _CHOICES[name]:
        return f"{name} is one of {', '.join(_CHOICES[name])}, not {value!r}"
    if name in _TEXTS and not isinstance(value, str):
        return f"{name} is a text, in quotes, not {value!r}"
    if name == "directory" and not value.startswith("/"):
        return f"directory is a path from the root of the hypervisor, like /var/lib/guests, not {value!r}"
    if name == "shutdown_seconds" and (
        isinstance(value, bool) or not isinstance(value, int | float) or value < 0
    ):
        return f"shutdown_seconds is a number of seconds, not {value!r}"
    return ""


def _hypervisor(block: Block, site: str, file: str, problems: list[str]) -> Hypervisor:
    zone, where = _label(block, file, problems), f'{file}:{block.line}: site "{site}": zone "'
    uri = block.attributes.get("uri")
    if others := [*block.attributes.keys() - {"uri"}, *(each.kind for each in block.blocks)]:
        problems.append(f'{where}{zone}": {", ".join(sorted(others))} is unknown; a zone has a uri only')
    if uri is None:
        problems.append(f'{where}{zone}" needs a uri, like "qemu+ssh://root@host/system"')
    elif problem := _unfit(uri.value):
        problems.append(f'{where}{zone}": {problem}')
    address = str(uri.value) if uri else ""
    return Hypervisor(zone, address, (zone,))


def _keys(block: Block, site: str, file: str, problems: list[str]) -> Iterator[tuple[str, KeySource]]:
    keys = [each for each in block.blocks if each.kind == "key"]
    for name, twice in _twice(keys):
        problems.append(f'{file}:{twice.line}: site "{site}": key "{name}" is declared twice: rename one')
    for each in keys:
        name = _label(each, file, problems)
        try:
            yield name, key_source({word: attribute.value for word, attribute in each.attributes.items()})
        except ValueError as error:
            problems.append(f'{file}:{each.line}: site "{site}": key "{name}": {error}')


def _twice(blocks: Iterable[Block]) -> Iterator[tuple[str, Block]]:
    """Yield blocks that have the name of an earlier block."""
    seen = set()
    for block in blocks:
        name = block.labels[0] if block.labels else ""
        if name and name in seen:
            yield name, block
        seen.add(name)


def _between(sites: Sequence[tuple[str, Site]]) -> Iterator[str]:
    """Yield conflicts between two sites."""
    for number, (where, site) in enumerate(sites):
        for before, other in sites[:number]:
            if site.name and site.name == other.name:
                yield (
                    f'{where}: site "{site.name}" is declared twice, first at {before}: give one another name'
                )
            shared = {each.uri for each in site.hypervisors} & {each.uri for each in other.hypervisors} - {""}
            if site.account != other.account and shared:
                yield (
                    f'{where}: site "{site.name}" has the account {site.account!r}, and "{other.name}" at '
                    f"{before} has {other.account!r}, but both use {', '.join(sorted(shared))}: accounts "
                    "must not share a hypervisor (R1: one account for each environment). Give them one "
                    "account, or "
                    "separate hypervisors"
                )


def _public(body: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the public addresses, and what is wrong with them."""
    setting = body.get("public", [])
    if not isinstance(setting, list):
        return [], [f'public is a list of addresses: public = ["{setting}"]']
    addresses = [str(each) for each in setting]
    wrong = [f"public has {each} twice" for each in dict.fromkeys(addresses) if addresses.count(each) > 1]
    if addresses and body.get("forward") != "nat":
        wrong.append('public is for access by NAT: it needs forward = "nat"')
    if addresses and body.get("bridge"):
        wrong.append("on a shared bridge, hosts have their own addresses: remove bridge or public")
    for each in addresses:
        try:
            address = ipaddress.IPv4Address(each)
        except ValueError:
            wrong.append(f"public: {each!r} is not an IPv4 address")
        else:
            if address.is_loopback or address.is_multicast or address.is_unspecified:
                wrong.append(f"public: no other machine can reach a host at {each}")
    return addresses, wrong


def _unfit(uri: Any) -> str:
    """Return why a URI is not a connection to a whole hypervisor; empty if it is one."""
    try:
        parts = urlsplit(str(uri))
        parts.port  # noqa: B018 - an invalid port raises when it is read
    except ValueError as error:
        return f"{uri} is not a URI: {error}"
    if parts.scheme.partition("+")[0] == "qemu" and parts.path == "/system":
        return ""
    if parts.path == "/session":
        return f"{uri} is the libvirt of one user, without networks and filters: use qemu:///system"
    return f"{uri} is not libvirt's QEMU: write qemu:///system, or qemu+ssh://USER@HOST/system"


def _together(site: str, hypervisors: list[Hypervisor]) -> tuple[Hypervisor, ...]:
    """Return the hypervisors of a site. Zones with one URI become nominal zones of one hypervisor."""
    if len(hypervisors) > 1 and len({each.uri for each in hypervisors}) == 1:
        return (Hypervisor(site, hypervisors[0].uri, tuple(each.name for each in hypervisors)),)
    return tuple(hypervisors)


def _wrong(message: str, fix: str) -> InvalidRequest:
    return InvalidRequest(message, provider="libvirt", fix=fix)
