"""The options that commands share, in groups: a command takes a group as one parameter."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from attrs import evolve
from typer import Argument, Option

from portinfra.commands.exits import Misuse
from portinfra.commands.session import PLACEHOLDER
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.model.plan import PlanOptions

FROM_FILE = ("file", "variables", "var_files")
"""Options that a script does not have: it is the declaration itself."""


@frozen
class DeclarationOptions:
    """Which declaration to read, and where the two environments of its recovery plan are.

    `Session.write` repeats these options in each printed command.
    """

    file: Annotated[
        Path | None,
        Option(
            "--file",
            "-f",
            metavar="PATH",
            help="The declaration: .hcl, .py or a directory. Default: all .hcl files here, or the .py file.",
        ),
    ] = None
    variables: Annotated[
        list[str] | None,
        Option("--var", metavar="NAME=VALUE", help="The value of a variable of HCL. Repeatable."),
    ] = None
    var_files: Annotated[
        list[Path] | None,
        Option("--var-file", metavar="PATH", help="A file of values for variables of HCL. Repeatable."),
    ] = None
    source_on: Annotated[
        str | None,
        Option(
            "--source-on", metavar="LOCATION", help="Another location for the source, such as fake:us-east-1."
        ),
    ] = None
    target_on: Annotated[
        str | None,
        Option(
            "--target-on", metavar="LOCATION", help="Another location for the target, such as fake:eu-west-1."
        ),
    ] = None

    def values(self) -> dict[str, str]:
        """Return the values of variables by name. Raises Misuse for a missing value or a placeholder."""
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
        str | None, Argument(metavar="ENV", help="The environment. Required where several are declared.")
    ] = None
    topology: Annotated[
        str | None,
        Option("--topology", metavar="NAME", help="The topology. Required where several are declared."),
    ] = None
    on: Annotated[
        str | None,
        Option(
            "--on", metavar="LOCATION", help="Another location for the environment, such as fake:us-east-1."
        ),
    ] = None


@frozen
class LimitOptions:
    """What a plan may change."""

    only: Annotated[
        list[str] | None,
        Option("--only", metavar="ROLE", help="Change only this role and what it needs. Repeatable."),
    ] = None
    allow_data_loss: Annotated[
        list[str] | None,
        Option("--allow-data-loss", metavar="ADDRESS|all", help="A volume that may be deleted. Repeatable."),
    ] = None
    without_zone: Annotated[
        list[str] | None,
        Option("--without-zone", metavar="ZONE", help="Change nothing in this zone. Repeatable."),
    ] = None
    without_peer: Annotated[
        bool,
        Option("--without-peer", help="Do not check the other environment of the recovery plan."),
    ] = False

    def plan_options(self) -> "PlanOptions":
        """Return these options as planning takes them."""
        from portinfra.model.plan import PlanOptions

        return PlanOptions(
            allow_data_loss=frozenset(self.allow_data_loss or ()),
            only=frozenset(self.only or ()),
            without_zones=frozenset(self.without_zone or ()),
        )


@frozen
class PlanScope(LimitOptions):
    """What a plan may change, and what it replaces though nothing differs."""

    replace: Annotated[
        list[str] | None, Option("--replace", metavar="ADDRESS", help="Replace this resource. Repeatable.")
    ] = None
    refresh_images: Annotated[
        bool, Option("--refresh-images", help="Replace hosts whose image has a newer version.")
    ] = False

    def plan_options(self) -> "PlanOptions":
        """Return these options as planning takes them."""
        from portinfra.model.address import Address

        return evolve(
            super().plan_options(),
            replace=frozenset(Address(address) for address in self.replace or ()),
            refresh_images=self.refresh_images,
        )


@frozen
class OutputOptions:
    """How to print the result."""

    as_json: Annotated[bool, Option("--json", help="Print the result as JSON (docs/json.md).")] = False

    def refuse_second_format(self, format: str, beside_json: Collection[str]) -> None:
        """Raise Misuse for `--json` with a format that is not one of `beside_json`."""
        if self.as_json and format not in beside_json:
            raise Misuse("--json and --format exclude each other", fix="Leave one of them out.")


@frozen
class ChangeOptions(OutputOptions):
    """How to print and confirm a change."""

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask for confirmation.")] = False
    full: Annotated[bool, Option("--full", help="Print every change on a line of its own.")] = False
