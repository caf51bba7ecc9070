"""The options that the recovery commands share, and the recovery that they select."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from portinfra.commands.exits import Misuse
from portinfra.commands.options import DeclarationOptions, OutputOptions
from portinfra.commands.session import Session
from portinfra.errors import PortinfraError
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.recovery.recovery import Recovery


@frozen
class PlanSelection(DeclarationOptions):
    """Which recovery plan of which declaration."""

    name: Annotated[
        str | None,
        Argument(metavar="RECOVERY", help="The recovery plan. Required where several are declared."),
    ] = None


@frozen
class RestoreOptions:
    """Which data to restore."""

    as_of: Annotated[
        str | None,
        Option(
            "--as-of",
            metavar="TIME",
            help=(
                "Restore points that are not later than this time, and use no own volumes: 2030-01-31T14:00Z."
            ),
        ),
    ] = None
    blank: Annotated[
        list[str] | None,
        Option(
            "--blank",
            metavar="ADDRESS",
            help="Let this volume begin blank if no point has its data: volume.db3-data. Repeatable.",
        ),
    ] = None

    @property
    def may_be_blank(self) -> tuple[str, ...]:
        """The volumes that may begin blank, by their addresses."""
        return tuple(self.blank or ())

    @property
    def moment(self) -> datetime | None:
        """The moment of --as-of. Raises Misuse for a text that is no time, or a time that has no data."""
        from portinfra.recovery.options import in_utc

        try:
            return in_utc(datetime.fromisoformat(self.as_of)) if self.as_of is not None else None
        except ValueError:
            fix = "Write it as 2030-01-31T14:00Z, for example."
            raise Misuse(f"--as-of {self.as_of} is no time", fix=fix) from None
        except PortinfraError as error:
            raise Misuse(f"--as-of {self.as_of}: {error.args[0]}", fix=error.fix) from None


PointIds = Annotated[
    list[str] | None,
    Option(
        "--without-point",
        metavar="POINT",
        help="Do not restore this point. portinfra uses an older one, or none. Repeatable.",
    ),
]
"""Ids of points that are not to be restored."""


@frozen
class ConfirmOptions(OutputOptions):
    """How to print a change, and whether the user confirms it beforehand."""

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask for confirmation.")] = False


def check_lost(recovery: "Recovery", lost: str | None) -> None:
    """Raise Misuse where `--lost` names no environment of a recovery."""
    from portinfra.format import suggestion

    names = (recovery.source.name, recovery.target.name)
    if lost is not None and lost not in names:
        message = f"recovery plan {recovery.plan.name} has no environment {lost!r}"
        raise Misuse(message, fix=suggestion(lost, names))


def recovery_of(session: Session, which: PlanSelection) -> "Recovery":
    """Return the recovery that the options select, checked.

    Raises Misuse for an unknown name, and ValidationError for a provider that is not installed.
    """
    from portinfra import dr
    from portinfra.commands.selection import declaration, move_ends, one
    from portinfra.provider import registry

    declared = declaration(session, which)
    plan = one("recovery plan", "RECOVERY", declared.recoveries, which.name)
    topology = declared.topology_of(plan)
    environments = move_ends(declared.environments, plan, which)
    session.known.about(declared, topology.name, recovery=plan.name)
    for environment in environments:
        if environment.name in (plan.source, plan.target):
            registry.plugin_of(environment)  # before findings that would only follow from its absence
    return dr.recovery(topology, plan, environments)
