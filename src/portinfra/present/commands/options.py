"""The options that commands share, in groups: a command takes a group as one parameter."""

from pathlib import Path
from typing import Annotated

from attrs import frozen
from typer import Argument, Option

from portinfra.model.address import Address
from portinfra.model.plan import PlanOptions
from portinfra.present.exits import Misuse

FROM_FILE = ("file", "variables")
"""Options that a script does not offer: it is the declaration itself."""


@frozen
class Source:
    """Which declaration."""

    file: Annotated[
        Path, Option("--file", "-f", metavar="PATH", help="The declaration: .hcl, .py or a directory.")
    ] = Path()
    topology: Annotated[
        str | None, Option("--topology", metavar="NAME", help="Which topology, where there are several.")
    ] = None
    variables: Annotated[
        list[str] | None, Option("--var", metavar="NAME=VALUE", help="A value for a variable of HCL.")
    ] = None

    def values(self) -> dict[str, str]:
        """The variables by name. Raises Misuse for one without a value."""
        given: dict[str, str] = {}
        for text in self.variables or ():
            name, equals, value = text.partition("=")
            if not equals:
                raise Misuse(f"--var {text} has no value", fix=f"Write --var {name}=VALUE.")
            given[name] = value
        return given


@frozen
class Place:
    """Which environment, and where it lies."""

    environment: Annotated[
        str | None, Argument(metavar="[ENV]", help="The environment; may be left out where there is one.")
    ] = None
    on: Annotated[
        str | None, Option("--on", metavar="LOCATION", help="Place it elsewhere: fake:us-east-1.")
    ] = None


@frozen
class Shown:
    """How the result is shown."""

    as_json: Annotated[bool, Option("--json", help="The result as JSON (docs/json.md).")] = False


@frozen
class Detail:
    """How much of a plan is shown."""

    full: Annotated[bool, Option("--full", help="Every change on a line of its own.")] = False


@frozen
class Limits:
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


@frozen
class Renewal:
    """What to make anew though nothing differs."""

    replace: Annotated[
        list[str] | None, Option("--replace", metavar="ADDRESS", help="Replace this resource; repeatable.")
    ] = None
    refresh_images: Annotated[
        bool, Option("--refresh-images", help="Replace hosts whose image has a newer version.")
    ] = False


@frozen
class Consent:
    """Whether to ask."""

    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False


def plan_options(limits: Limits, renewal: Renewal | None = None) -> PlanOptions:
    """What was asked for on the command line, as planning takes it."""
    renewal = renewal or Renewal()
    return PlanOptions(
        allow_data_loss=frozenset(limits.allow_data_loss or ()),
        only=frozenset(limits.only or ()),
        without_zones=frozenset(limits.without_zone or ()),
        replace=frozenset(Address(address) for address in renewal.replace or ()),
        refresh_images=renewal.refresh_images,
    )
