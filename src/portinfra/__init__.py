"""One topology and one recovery plan, on AWS, GCP and libvirt.

Everything that a user needs is here; all else is private to the project. What declares is imported at once;
what acts is imported when it is first used, so that `import portinfra` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from portinfra.declaration.files import file
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
from portinfra.version import VERSION as __version__

if TYPE_CHECKING:
    from portinfra.cloud import connect
    from portinfra.commands.main import cli
    from portinfra.hosts.inventory import inventory, list_hosts
    from portinfra.policy import PolicyContext, rule
    from portinfra.workflow import apply, check, destroy, lock_in, move, observe, placed, plan, render_hosts

_LAZY = {
    "PolicyContext": "portinfra.policy",
    "apply": "portinfra.workflow",
    "check": "portinfra.workflow",
    "cli": "portinfra.commands.main",
    "connect": "portinfra.cloud",
    "destroy": "portinfra.workflow",
    "inventory": "portinfra.hosts.inventory",
    "list_hosts": "portinfra.hosts.inventory",
    "lock_in": "portinfra.workflow",
    "move": "portinfra.workflow",
    "observe": "portinfra.workflow",
    "placed": "portinfra.workflow",
    "plan": "portinfra.workflow",
    "render_hosts": "portinfra.workflow",
    "rule": "portinfra.policy",
}

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
    "placed",
    "plan",
    "render_hosts",
    "rule",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'portinfra' has no attribute {name!r}")
