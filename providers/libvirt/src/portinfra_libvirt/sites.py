"""Sites as `sites.hcl` tells of them.

site "rack" {
  account = "rack-production"
  bridge  = "br-guests"                   # one layer-2 network over all hypervisors, made beforehand
  zone "a" { uri = "qemu+ssh://root@hv1/system" }
  zone "b" { uri = "qemu+ssh://root@hv2/system" }
  key "payments" { file = "/etc/portinfra/payments.key" }
}
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portinfra.errors import InvalidRequest
from portinfra_libvirt.keys import key_source
from portinfra_libvirt.site import ZONES, Hypervisor, Site

FILE = "PORTINFRA_SITES"
"""The variable that names the file of sites; else `sites.hcl` in the working directory."""


def find(name: str) -> Site:
    """The site of a location: `rack` of the file of sites, or a URI as it is. Raises InvalidRequest."""
    if ":" in name:
        if problem := _unfit(name):
            raise _wrong(problem, "Name the system's hypervisor: libvirt:qemu:///system.")
        return Site(name, (Hypervisor(name, name, ZONES),))
    path = Path(os.environ.get(FILE) or "sites.hcl")
    if not name or not path.is_file():
        raise _wrong(
            f"libvirt:{name} needs a file of sites, and there is no {path}",
            "Name the hypervisor itself, libvirt:qemu:///system, or write the file: "
            f'site "{name or "NAME"}" {{ zone "a" {{ uri = "qemu:///system" }} }}',
        )
    found = {site.name: site for site in read(path.read_text(), str(path))}
    if name not in found:
        raise _wrong(f"{path} has no site {name!r}", f"It has: {', '.join(found) or 'none'}.")
    return found[name]


def read(text: str, file: str) -> list[Site]:
    """All sites of a file. Raises InvalidRequest with everything that is wrong in it."""
    import hcl2
    from hcl2.utils import SerializationOptions
    from lark.exceptions import UnexpectedInput

    try:
        plain = SerializationOptions(strip_string_quotes=True, explicit_blocks=False, with_comments=False)
        told = hcl2.loads(text, serialization_options=plain)
    except UnexpectedInput as error:
        raise _wrong(f"{file}:{getattr(error, 'line', 1)}: this is no HCL", "Mend that line.") from None
    problems: list[str] = []
    sites = [
        _site(str(name), body, problems, file)
        for block in told.get("site", ())
        for name, body in _labelled(block)
    ]
    if problems:
        raise _wrong("\n".join(problems), "Mend these lines; docs/providers/libvirt.md shows a whole file.")
    return sites


_PLAIN = ("account", "bridge", "forward", "directory", "images", "virt_type", "shutdown_seconds")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "forward": ("route", "nat", "none"),
    "virt_type": ("auto", "kvm", "qemu"),
}


def _site(name: str, body: Mapping[str, Any], problems: list[str], file: str) -> Site:
    where = f'{file}: site "{name}"'
    known = (*_PLAIN, "public", "zone", "key")
    problems += [
        f"{where}: there is no {each!r}; known are {', '.join(known)}" for each in body if each not in known
    ]
    for each, choices in _CHOICES.items():
        if body.get(each, choices[0]) not in choices:
            problems.append(f"{where}: {each} is one of {', '.join(choices)}, not {body[each]!r}")
    hypervisors = []
    for block in body.get("zone", ()):
        for zone, told in _labelled(block):
            if "uri" not in told:
                problems.append(f'{where}: zone "{zone}" needs a uri, like "qemu+ssh://root@host/system"')
            elif problem := _unfit(str(told["uri"])):
                problems.append(f'{where}: zone "{zone}": {problem}')
            hypervisors.append(Hypervisor(str(zone), str(told.get("uri", "")), (str(zone),)))
    if not hypervisors:
        problems.append(f'{where}: it needs a zone: zone "a" {{ uri = "qemu:///system" }}')
    hypervisors = _together(name, hypervisors)
    if len(hypervisors) > 1 and not body.get("bridge"):
        problems.append(
            f"{where}: guests of several hypervisors need a bridge that all of them share: bridge"
        )
    keys = {}
    for block in body.get("key", ()):
        for label, told in _labelled(block):
            try:
                keys[str(label)] = key_source(told)
            except ValueError as error:
                problems.append(f'{where}: key "{label}": {error}')
    plain = {each: body[each] for each in _PLAIN if each in body}
    public, wrong = _public(body)
    problems += [f"{where}: {each}" for each in wrong]
    return Site(name, tuple(hypervisors), keys=keys, public=tuple(public), **plain)


def _public(body: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The addresses for the way in, and what is wrong with them."""
    told = body.get("public", [])
    if not isinstance(told, list):
        return [], [f'public is a list of addresses: public = ["{told}"]']
    addresses = [str(each) for each in told]
    wrong = [f"public has {each} twice" for each in dict.fromkeys(addresses) if addresses.count(each) > 1]
    if addresses and body.get("forward") != "nat":
        wrong.append('public is for the way in by NAT: it needs forward = "nat"')
    if addresses and body.get("bridge"):
        wrong.append("on a bridge, hosts are reached at their own addresses: leave out bridge, or public")
    for each in addresses:
        try:
            address = ipaddress.IPv4Address(each)
        except ValueError:
            wrong.append(f"public: {each!r} is no IPv4 address")
        else:
            if address.is_loopback or address.is_multicast or address.is_unspecified:
                wrong.append(f"public: nobody else can reach a host at {each}")
    return addresses, wrong


def _unfit(uri: str) -> str:
    """Why a connection URI is none of a whole hypervisor; empty: it is one."""
    parts = urlsplit(uri)
    if parts.scheme.partition("+")[0] == "qemu" and parts.path == "/system":
        return ""
    if parts.path == "/session":
        return f"{uri} is one user's own libvirt, which has no networks and no filters: qemu:///system has"
    return f"{uri} is no QEMU of libvirt's: write qemu:///system, or qemu+ssh://USER@HOST/system"


def _together(site: str, hypervisors: list[Hypervisor]) -> list[Hypervisor]:
    """Zones of one URI lie on one hypervisor: then they are zones in name only."""
    if len(hypervisors) > 1 and len({each.uri for each in hypervisors}) == 1:
        return [Hypervisor(site, hypervisors[0].uri, tuple(each.name for each in hypervisors))]
    return hypervisors


def _labelled(block: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(label.strip('"'), body) for label, body in block.items() if isinstance(body, Mapping)]


def _wrong(message: str, fix: str) -> InvalidRequest:
    return InvalidRequest(message, provider="libvirt", fix=fix)
