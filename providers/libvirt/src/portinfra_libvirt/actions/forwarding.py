"""Having forwarded anew what is public, and hearing from the hypervisor's hook that it is.

libvirt forwards no ports, and runs a hook wherever a network changes. What the hook says comes back only if
it fails, so that is how it answers; and a change of nothing at all is how it is called.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import libvirt

from portinfra.errors import Unsupported
from portinfra.model.address import Scope
from portinfra_libvirt import hook, hook_installation, networks
from portinfra_libvirt.actions.hypervisor import Hand, unless_gone


@contextmanager
def renew_forwarding(hand: Hand, network: Any) -> Iterator[None]:
    """What changes within it is forwarded after it. Until that is sure, the network's metadata says so, for
    whoever finds it after a crash. Raises Unsupported where no hook answers.
    """
    if not networks.forwards(_read_kept(network)):
        yield
        return
    _say(hand, network, True)
    yield
    if network.isActive() and not _has_answered(network):
        raise Unsupported(
            f"on the hypervisor of {hand.site.name}, the hook that forwards to public hosts does not answer: "
            "it is not there, or not this version of it",
            provider="libvirt",
            fix=f"As root: {hook_installation.command(hand.site.hypervisors[0].uri)}",
        )
    _say(hand, network, False)


@contextmanager
def walls_renewed(hand: Hand, scope: str) -> Iterator[None]:
    """The same where a filter changes, for the networks of its scope that somebody is public in."""
    with ExitStack() as stack:
        for network in hand.connection.listAllNetworks() if hand.site.public else ():
            named = Scope.parse(scope).resource_name(network.name()) is not None
            if named and networks.entries(_read_kept(network), networks.PUBLIC):
                stack.enter_context(renew_forwarding(hand, network))
        yield


def forwarded_addresses(hand: Hand, network: str, key: str) -> dict[str, str]:
    """The public addresses that are forwarded on the hypervisor, but for one entry's → by which network."""
    found = {}
    for each in hand.connection.listAllNetworks():
        with unless_gone(libvirt.VIR_ERR_NO_NETWORK):
            for name, entry in networks.entries(_read_kept(each), networks.PUBLIC).items():
                if entry.get("public") and (each.name(), name) != (network, key):
                    found[entry["public"]] = each.name()
    return found


def end_forwarding(network: Any) -> None:
    """Let the hook see that a network is forwarded no more."""
    for command in (libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE):
        _update(network, command, "<portgroup name='portinfra-ended'/>")


def _has_answered(network: Any) -> bool:
    try:
        _update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_MODIFY, networks.PORTGROUP)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_HOOK_SCRIPT_FAILED:
            raise
        told = str(error.get_error_message())
        if hook.ANSWER in told:
            return True
        if "portinfra hook:" in told:
            fix = "Is nft there, and nftables in its kernel? On Debian, as root: apt-get install -y nftables"
            raise Unsupported(told, provider="libvirt", fix=fix) from error
        if "portinfra hook" not in told:
            raise  # somebody else's
    return False


def _update(network: Any, command: int, portgroup: str) -> None:
    """Change what is kept of a network, and not what runs: only then is the hook's failure told."""
    section, kept = libvirt.VIR_NETWORK_SECTION_PORTGROUP, libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG
    network.update(command, section, -1, portgroup, kept)


def _say(hand: Hand, network: Any, changing: bool) -> None:
    hand.connection.networkDefineXML(networks.changing(_read_kept(network), changing))


def _read_kept(network: Any) -> str:
    return str(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))
