"""One topology and one recovery plan, on AWS, GCP and libvirt.

This module has everything that a user needs. All else is private to the project. Python imports a name at
its first use, so that `import portinfra` and each command stay fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from portinfra.version import VERSION as __version__

if TYPE_CHECKING:
    from portinfra.cloud import connect
    from portinfra.commands.main import cli
    from portinfra.declaration.files import file
    from portinfra.hosts.inventory import inventory, list_hosts
    from portinfra.model.address import Address
    from portinfra.model.environment import Environment
    from portinfra.model.plan import PlanOptions
    from portinfra.model.recovery import (
        Action,
        DataPolicy,
        DrillSettings,
        EvidenceCopy,
        Probe,
        RecoveryPlan,
        Wave,
    )
    from portinfra.model.resources import (
        Attachment,
        Firewall,
        FirewallRules,
        Instance,
        Network,
        PublicAddress,
        Rule,
        Snapshot,
        Subnet,
        Volume,
    )
    from portinfra.model.service import Service
    from portinfra.model.topology import INTERNET, Role, Topology, allow
    from portinfra.model.vault import Vault
    from portinfra.policy import PolicyContext, rule
    from portinfra.workflow import (
        apply,
        check,
        destroy,
        lock_in,
        move,
        observe,
        place,
        plan,
        render_hosts,
    )

_NAMES = {
    "portinfra.cloud": ("connect",),
    "portinfra.commands.main": ("cli",),
    "portinfra.declaration.files": ("file",),
    "portinfra.hosts.inventory": ("inventory", "list_hosts"),
    "portinfra.model.address": ("Address",),
    "portinfra.model.environment": ("Environment",),
    "portinfra.model.plan": ("PlanOptions",),
    "portinfra.model.recovery": (
        *("Action", "DataPolicy", "DrillSettings", "EvidenceCopy", "Probe", "RecoveryPlan", "Wave"),
    ),
    "portinfra.model.resources": (
        *("Attachment", "Firewall", "FirewallRules", "Instance", "Network", "PublicAddress", "Rule"),
        *("Snapshot", "Subnet", "Volume"),
    ),
    "portinfra.model.service": ("Service",),
    "portinfra.model.topology": ("INTERNET", "Role", "Topology", "allow"),
    "portinfra.model.vault": ("Vault",),
    "portinfra.policy": ("PolicyContext", "rule"),
    "portinfra.workflow": (
        *("apply", "check", "destroy", "lock_in", "move", "observe", "place", "plan", "render_hosts"),
    ),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}
_PARTS = ("dr", "errors")
"""The public modules. Their values are not values of `portinfra` itself."""

__all__ = [
    "INTERNET",
    "Action",
    "Address",
    "Attachment",
    "DataPolicy",
    "DrillSettings",
    "Environment",
    "EvidenceCopy",
    "Firewall",
    "FirewallRules",
    "Instance",
    "Network",
    "PlanOptions",
    "PolicyContext",
    "Probe",
    "PublicAddress",
    "RecoveryPlan",
    "Role",
    "Rule",
    "Service",
    "Snapshot",
    "Subnet",
    "Topology",
    "Vault",
    "Volume",
    "Wave",
    "__version__",
    "allow",
    "apply",
    "check",
    "cli",
    "connect",
    "destroy",
    "file",
    "inventory",
    "list_hosts",
    "lock_in",
    "move",
    "observe",
    "place",
    "plan",
    "render_hosts",
    "rule",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = getattr(import_module(_MODULES[name]), name)
    elif name in _PARTS:
        value = import_module(f"portinfra.{name}")
    else:
        raise AttributeError(f"module 'portinfra' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_PARTS})
