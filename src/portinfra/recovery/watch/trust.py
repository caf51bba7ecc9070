"""The certificates of a takeover: the host that signs comes back first, and a person or an action sends it
the bundle of the environment that takes over.
"""

from collections.abc import Iterator

from portinfra.command_text import command_line
from portinfra.hosts.enrolment import find_signer
from portinfra.model.finding import Finding, Severity
from portinfra.model.resources import Instance
from portinfra.placement import place
from portinfra.recovery.recovery import Recovery


def send_bundle(recovery: Recovery, signer: Instance) -> str:
    """Return the command that sends the bundle of the end that takes over to its host that signs."""
    return f"{command_line('trust', 'bundle', recovery.target.name)} | ssh {signer.name} sudo sh"


def signer_of(recovery: Recovery) -> tuple[Instance, str] | None:
    """Return the host that signs at the end that takes over, and its role; None: that end has no trust."""
    placed = place(recovery.topology, recovery.target)
    signer = find_signer(placed)
    return (signer, placed.roles[signer.address]) if signer else None


def trust_findings(recovery: Recovery) -> Iterator[Finding]:
    """Yield what a takeover needs for the certificates of its hosts."""
    if not (found := signer_of(recovery)):
        return
    signer, role = found
    subject = f"recovery.{recovery.plan.name}"
    numbers = [number for number, wave in enumerate(recovery.plan.waves, 1) if role in wave.roles]
    if numbers[:1] != [1]:
        when = f"only wave {numbers[0]} brings it up" if numbers else "no wave brings it up"
        yield Finding(
            "recovery/signer-late",
            f"{signer.name} signs the certificates of all hosts, and {when}",
            f"Put {role!r} into the first wave: hosts offer their services once they have a certificate.",
            Severity.WARNING,
            location=recovery.plan.location,
            subject=subject,
        )
    yield Finding(
        "recovery/trust-bundle",
        f"{signer.name} signs nothing before it has the authority of {recovery.target.name}",
        f"Once the takeover has created it, send it the bundle: `{send_bundle(recovery, signer)}`. "
        f"An action after {role!r} can do that.",
        Severity.NOTE,
        subject=subject,
    )
