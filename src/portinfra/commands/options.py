"""The options that commands share, in groups: a command takes a group as one parameter."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from attrs import evolve, frozen
from typer import Argument, Option

from portinfra.commands.exits import Misuse
from portinfra.commands.session import PLACEHOLDER

if TYPE_CHECKING:
    from portinfra.model.plan import PlanOptions

FROM_FILE = ("file", "variables", "var_files")
"""Options that a script does not offer: it is the declaration itself."""


@frozen
class DeclarationOptions:
    """Which declaration, and where the two environments of its recovery plan are. `Session.write` repeats
    these options in each printed command.
    """

    file: Annotated[
        Path | None,
        Option(
            "--file", "-f", metavar="PATH", help="The declaration: .hcl, .py or a directory; here by default."
        ),
    ] = None
    variables: Annotated[
        list[str] | None, Option("--var", metavar="NAME=VALUE", help="A value for a variable of HCL.")
    ] = None
    var_files: Annotated[
        list[Path] | None,
        Option("--var-file", metavar="PATH", help="A file of values for variables of HCL; repeatable."),
    ] = None
    source_on: Annotated[
        str | None,
        Option(
            "--source-on", metavar="LOCATION", help="The recovery plan's source elsewhere: fake:us-east-1."
        ),
    ] = None
    target_on: Annotated[
        str | None,
        Option(
            "--target-on", metavar="LOCATION", help="The recovery plan's target elsewhere: fake:eu-west-1."
        ),
    ] = None

    def values(self) -> dict[str, str]:
        """The variables by name. Raises Misuse for one without a value, or with a placeholder for it."""
        given: dict[str, str] = {}
        for text in self.variables or ():
            name, equals, value = text.partition("=")
            if not equals:
                # The name is not shown: it may be a secret that lacks its name.
                raise Misuse("a variable has no value", fix="Write --var NAME=VALUE.")
            if value == PLACEHOLDER:
                raise Misuse(
                    f"--var {name}={PLACEHOLDER} has a placeholder, not the value of {name!r}",
                    fix=f"Write the value of {name!r} in place of {PLACEHOLDER}.",
                )
            given[name] = value
        return given


@frozen
class Target(DeclarationOptions):
    """Which topology of which declaration, and which environment."""

    environment: Annotated[
        str | None, Argument(metavar="ENV", help="The environment; may be left out where there is one.")
    ] = None
    topology: Annotated[
        str | None, Option("--topology", metavar="NAME", help="Which topology, where there are several.")
    ] = None
    on: Annotated[
        str | None, Option("--on", metavar="LOCATION", help="Place it elsewhere: fake:us-east-1.")
    ] = None


@frozen
class LimitOptions:
    """What a plan may touch."""

    only: Annotated[
        list[str] | None,
        Option("--only", metavar="ROLE", help="Only this role and what it needs; repeatable."),
    ] = None
    allow_data_loss: Annotated[
        list[str] | None,
        Option("--allow-data-loss", metavar="ADDRESS|all", help="Volumes that may be lost; repeatable."),
    ] = None
    without_zone: Annotated[
        list[str] | None, Option("--without-zone", metavar="ZONE", help="Leave a zone alone; repeatable.")
    ] = None
    without_peer: Annotated[
        bool,
        Option("--without-peer", help="Do not check the other environment of the recovery plan."),
    ] = False

    def plan_options(self) -> "PlanOptions":
        """The same, as planning takes it."""
        from portinfra.model.plan import PlanOptions

        return PlanOptions(
            allow_data_loss=frozenset(self.allow_data_loss or ()),
            only=frozenset(self.only or ()),
            without_zones=frozenset(self.without_zone or ()),
        )


@frozen
class PlanScope(LimitOptions):
    """What a plan may touch, and what to make anew though nothing differs."""

    replace: Annotated[
        list[str] | None, Option("--replace", metavar="ADDRESS", help="Replace this resource; repeatable.")
    ] = None
    refresh_images: Annotated[
        bool, Option("--refresh-images", help="Replace hosts whose image has a newer version.")
    ] = False

    def plan_options(self) -> "PlanOptions":
        """The same, as planning takes it."""
        from portinfra.model.address import Address

        return evolve(
            super().plan_options(),
            replace=frozenset(Address(address) for address in self.replace or ()),
            refresh_images=self.refresh_images,
        )


@frozen
class OutputOptions:
    """How the result is shown."""

    as_json: Annotated[bool, Option("--json", help="The result as JSON (docs/json.md).")] = False


@frozen
class ChangeOptions(OutputOptions):
    """How a change is shown and agreed to."""

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False
    full: Annotated[bool, Option("--full", help="Every change on a line of its own.")] = False
