"""Renewing the forwarding of public hosts, with a confirmation by the hypervisor's hook.

libvirt forwards no ports. It runs a hook whenever a network changes. It returns the hook's output only if the
hook fails, so the hook answers by failing. An update without a change runs the hook.
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
    """Forward after the block what changed within it.

    Until that is confirmed, the network's metadata says so, for a run after a crash. Raises Unsupported if no
    hook answers.
    """
    if not networks.forwards(_read_kept(network)):
        yield
        return
    _say(hand, network, True)
    yield
    if network.isActive() and not _has_answered(network):
        raise Unsupported(
            f"the hook that forwards to public hosts does not answer on the hypervisor of {hand.site.name}: "
            "it is not installed, or has another version",
            provider="libvirt",
            fix=f"Run as root: {hook_installation.command(hand.site.hypervisors[0].uri)}",
        )
    _say(hand, network, False)


@contextmanager
def renew_scope_forwarding(hand: Hand, scope: str) -> Iterator[None]:
    """Do the same for a filter that changes, on the networks of its scope that have public hosts."""
    with ExitStack() as stack:
        for network in hand.connection.listAllNetworks() if hand.site.public else ():
            named = Scope.parse(scope).resource_name(network.name()) is not None
            if named and networks.entries(_read_kept(network), networks.PUBLIC):
                stack.enter_context(renew_forwarding(hand, network))
        yield


def forwarded_addresses(hand: Hand, network: str, key: str) -> dict[str, str]:
    """Return public address → its network, for all forwarded addresses but those of one entry."""
    found = {}
    for each in hand.connection.listAllNetworks():
        with unless_gone(libvirt.VIR_ERR_NO_NETWORK):
            for name, entry in networks.entries(_read_kept(each), networks.PUBLIC).items():
                if entry.get("public") and (each.name(), name) != (network, key):
                    found[entry["public"]] = each.name()
    return found


def end_forwarding(network: Any) -> None:
    """Run the hook, so that it sees that a network is no longer forwarded."""
    for command in (libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE):
        _update(network, command, "<portgroup name='portinfra-ended'/>")


def _has_answered(network: Any) -> bool:
    try:
        _update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_MODIFY, networks.PORTGROUP)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_HOOK_SCRIPT_FAILED:
            raise
        message = str(error.get_error_message())
        if hook.ANSWER in message:
            return True
        if "portinfra hook:" in message:
            fix = (
                "Install nft, and use a kernel with nftables. On Debian, as root: apt-get install -y nftables"
            )
            raise Unsupported(message, provider="libvirt", fix=fix) from error
        if "portinfra hook" not in message:
            raise  # a hook of another program
    return False


def _update(network: Any, command: int, portgroup: str) -> None:
    """Change the definition of a network, not the running one: only then does libvirt report the hook's
    failure.
    """
    section, kept = libvirt.VIR_NETWORK_SECTION_PORTGROUP, libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG
    network.update(command, section, -1, portgroup, kept)


def _say(hand: Hand, network: Any, changing: bool) -> None:
    hand.connection.networkDefineXML(networks.changing(_read_kept(network), changing))


def _read_kept(network: Any) -> str:
    return str(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))
