"""The boot script of each new host, within its provider's limit of user data."""

from collections.abc import Callable, Mapping
from functools import cache

from attrs import evolve

from portinfra.hosts import enrolment
from portinfra.hosts.boot_script import END, BootScript, boot_script
from portinfra.hosts.render import Files, Platform, render
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.provider.abilities import NativeLimits, PlatformServices
from portinfra.provider.interface import ProviderPlugin

NO_BUNDLES: Mapping[str, str] = {}


def platform_of(plugin: ProviderPlugin) -> Platform:
    """Return the services of a provider's cloud that hosts need; none if the provider declares none."""
    return plugin.platform_services if isinstance(plugin, PlatformServices) else lambda network, subnet: ()


def boot_scripts(
    placed: Placed, plugin: ProviderPlugin, authority: str = "", bundles: Mapping[str, str] = NO_BUNDLES
) -> Callable[[Instance], BootScript]:
    """Return a function that returns the boot script of one host of a placed topology.

    With the certificate of an `authority` in PEM, the script has it, and the host's `enrolment_token`. A host
    without a token has the script of the same size that a plan computes. `bundles` has shell by the name of a
    host, which runs it at its first boot. If that fails, the host still gets its firewall and its files.

    It renders nothing before its first call. A host outside of the topology has an empty script, and so has
    each host of a topology without delivery.
    """

    @cache
    def files() -> Files:
        return render(placed, platform_of(plugin)) if placed.topology.delivery else {}

    def script(host: Instance) -> BootScript:
        if host.name not in files():
            return BootScript("")
        first = enrolment.first_boot(authority) if authority else ""
        if bundle := bundles.get(host.name):
            failed = 'say "this host cannot sign certificates: its bundle failed"'
            first += f"sh <<'{END}' || {failed}\n{bundle}{END}\n"
        made = boot_script(files()[host.name], lambda text: _size(host, text, plugin), _most(plugin), first)
        token = host.enrolment_token or enrolment.STAND_IN
        return evolve(made, text=made.text.replace(enrolment.STAND_IN, token))

    return script


def _size(host: Instance, text: str, plugin: ProviderPlugin) -> int:
    if isinstance(plugin, NativeLimits):
        return plugin.birth_bytes(evolve(host, boot_script=text))
    return len((text + host.user_data).encode())


def _most(plugin: ProviderPlugin) -> int:
    return plugin.capabilities.birth_max_bytes or plugin.capabilities.user_data_max_bytes
