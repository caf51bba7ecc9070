"""The options that the recovery commands share, and the recovery that they mean."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from attrs import frozen
from typer import Argument, Option

from portinfra.commands.exits import Misuse
from portinfra.commands.options import Shown, Target, declaration_options
from portinfra.commands.session import Session
from portinfra.errors import PortinfraError

if TYPE_CHECKING:
    from portinfra.recovery.recovery import Recovery


@frozen
class Which:
    """Which recovery plan of which declaration."""

    name: Annotated[
        str | None,
        Argument(metavar="RECOVERY", help="The recovery plan; needed where there are several."),
    ] = None
    file: Annotated[
        Path, Option("--file", "-f", metavar="PATH", help="The declaration: .hcl, .py or a directory.")
    ] = Path()
    source_on: Annotated[
        str | None,
        Option("--source-on", metavar="LOCATION", help="The source elsewhere: fake:us-east-1."),
    ] = None
    target_on: Annotated[
        str | None,
        Option("--target-on", metavar="LOCATION", help="The target elsewhere: fake:eu-west-1."),
    ] = None
    variables: Annotated[
        list[str] | None, Option("--var", metavar="NAME=VALUE", help="A value for a variable of HCL.")
    ] = None
    var_files: Annotated[
        list[Path] | None,
        Option("--var-file", metavar="PATH", help="A file of values for variables of HCL; repeatable."),
    ] = None

    def repeated(self, session: Session) -> list[str]:
        """Return the options by which another command means the same."""
        place = [("--source-on", self.source_on), ("--target-on", self.target_on)]
        where = [text for option, given in place if given for text in (option, given)]
        return [*where, *declaration_options(session, self.file, self.var_files, self.variables)]


@frozen
class RestoreOptions:
    """Which data is restored."""

    as_of: Annotated[
        str | None,
        Option(
            "--as-of",
            metavar="TIME",
            help="Use points that are not later, and no own volumes: 2030-01-31T14:00Z.",
        ),
    ] = None
    blank: Annotated[
        list[str] | None,
        Option(
            "--blank",
            metavar="ADDRESS",
            help="This volume may begin blank, where no point has data of it: volume.db3-data; repeatable.",
        ),
    ] = None

    @property
    def may_be_blank(self) -> tuple[str, ...]:
        """The volumes that may begin blank, by their addresses."""
        return tuple(self.blank or ())

    @property
    def moment(self) -> datetime | None:
        """The moment that was named. Raises Misuse for a text that is none, or a moment of no data."""
        from portinfra.recovery.options import in_utc

        try:
            return in_utc(datetime.fromisoformat(self.as_of)) if self.as_of is not None else None
        except ValueError:
            fix = "Write it as 2030-01-31T14:00Z, for example."
            raise Misuse(f"--as-of {self.as_of} is no time", fix=fix) from None
        except PortinfraError as error:
            raise Misuse(f"--as-of {self.as_of}: {error.args[0]}", fix=error.fix) from None


@frozen
class Agreed(Shown):
    """How a change is shown, and whether somebody agreed to it beforehand."""

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False


def recovery_of(session: Session, which: Which) -> "Recovery":
    """The recovery that the options mean, checked. Raises Misuse for a name that is none, and Unsupported for
    a provider that is not there.
    """
    from portinfra import dr
    from portinfra.commands.selection import declaration, moved, one
    from portinfra.provider import registry

    target = Target(file=which.file, variables=which.variables, var_files=which.var_files)
    declared = declaration(session, target)
    plan = one("recovery plan", "RECOVERY", declared.recoveries, which.name)
    environments = [
        moved(environment, on, option) if on else environment
        for environment in declared.environments
        for on, option in [_elsewhere(environment.name, plan.source, plan.target, which)]
    ]
    for environment in environments:
        if environment.name in (plan.source, plan.target):
            registry.plugin(environment.provider)  # before findings that would only follow from its absence
    return dr.recovery(declared.topology_of(plan), plan, environments)


def _elsewhere(name: str, source: str, target: str, which: Which) -> tuple[str | None, str]:
    if name == source:
        return which.source_on, "--source-on"
    return (which.target_on, "--target-on") if name == target else (None, "")
