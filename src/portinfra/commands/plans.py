"""Plans that are made from options, or again from a file, and the refusal that an apply would raise."""

import json
from pathlib import Path

from attrs import evolve

from portinfra import workflow
from portinfra.command_text import command_line
from portinfra.commands.exits import Misuse
from portinfra.commands.options import Target
from portinfra.commands.output_files import write_file
from portinfra.commands.selection import Selection, check_names, select
from portinfra.commands.session import Session
from portinfra.errors import StalePlanError
from portinfra.model.address import Address
from portinfra.model.plain import Document
from portinfra.model.plan import Plan, PlanOptions
from portinfra.planning.fingerprints import (
    declaration_digest,
    digest,
    is_covered,
    is_same,
    new_changes,
    say_gone,
    say_new,
)
from portinfra.planning.refusal import raise_for_errors
from portinfra.planning.unknown_names import gone_data
from portinfra.render.documents import plan_document

SCHEMA = "portinfra.plan/1"


def make_plan(selection: Selection, options: PlanOptions, *, destroy: bool = False) -> Plan:
    """Return the plan of a selection. Raises Misuse for an option that names an unknown resource."""
    plan = _plan(selection, options, destroy=destroy)
    check_names(plan)
    return plan


def _plan(selection: Selection, options: PlanOptions, *, destroy: bool) -> Plan:
    topology, environment, guards = selection.topology, selection.environment, selection.guards
    if destroy:
        return workflow.destroy(topology, environment, options, guards=guards)
    return workflow.plan(topology, environment, options, rules=selection.rules, guards=guards)


def _plan_again(selection: Selection, options: PlanOptions, *, destroy: bool) -> Plan:
    """Return the plan of options that were checked before. Volumes that they name may be gone now."""
    plan = _plan(selection, options, destroy=destroy)
    if gone := gone_data(plan):
        left = evolve(options, allow_data_loss=options.allow_data_loss - gone)
        plan = _plan(selection, left, destroy=destroy)
    check_names(plan)
    return plan


def refusal(plan: Plan) -> Exception | None:
    """Return the error that an apply of this plan would raise before its first change; None: no error."""
    try:
        raise_for_errors(plan)
    except Exception as error:
        return error
    return None


def save(plan: Plan, path: Path) -> None:
    """Write a plan to a file, for `load_plan`."""
    write_file(path, json.dumps(plan_document(plan), indent=2, ensure_ascii=False) + "\n")


def load_plan(session: Session, target: Target, path: Path, *, without_peer: bool = False) -> Plan:
    """Make the plan of a file again, and return it.

    Raises Misuse for a file that is no plan of this environment. Raises StalePlanError where the environment
    needs a change that the file does not have. If the declaration has changed, both plans must be the same.
    """
    saved = _read_plan(path)
    topology, _, environment = saved["scope"].partition("/")
    on = saved["options"]["on"]
    if (
        target.environment not in (None, environment)
        or target.topology not in (None, topology)
        or target.on not in (None, on)
    ):
        raise Misuse(
            f"{path} is a plan of {saved['scope']} on {on}",
            fix="Leave ENV, --topology and --on out: the plan has them.",
        )
    target = evolve(target, environment=environment, topology=topology, on=on)
    selection = select(session, target, without_peer=without_peer)
    plan = _plan_again(selection, _options(saved["options"]), destroy=saved["options"]["destroy"])
    same = saved.get("declaration", "") == declaration_digest(plan)
    if is_covered(plan, saved["fingerprints"]) if same else is_same(plan, saved["fingerprints"]):
        return plan
    why = "the environment has changed since" if same else "the declaration has changed since"
    read = dict.fromkeys((change["action"], change["address"]) for change in saved["changes"])
    differences = [
        say_new(new_changes(plan, saved["fingerprints"]), read),
        "" if same else say_gone(plan, read),
    ]
    new_plan = _command_of(session, saved, path, without_peer=without_peer)
    raise StalePlanError(
        f"{path} is out of date: {why}. {' '.join(filter(None, differences))}",
        fix=f"Make a new plan, read it, and apply it: {new_plan}",
    )


def _command_of(session: Session, saved: Document, path: Path, *, without_peer: bool) -> str:
    """Return the command that makes the plan of a file again, with the options of the first time.

    Options that the declaration implies are left out.
    """
    options, (topology, _, environment) = saved["options"], saved["scope"].partition("/")
    lists = {
        "only": "--only",
        "replace": "--replace",
        "allow_data_loss": "--allow-data-loss",
        "without_zones": "--without-zone",
    }
    given = [text for name, option in lists.items() for each in options[name] for text in (option, each)]
    switches = {"destroy": "--destroy", "refresh_images": "--refresh-images"}
    given += [option for name, option in switches.items() if options[name]]
    given += ["--without-peer"] if without_peer else []
    given += ["--out", str(path)]
    given += ["--topology", topology] if session.known.topology else []
    given += ["--on", options["on"]] if options["on"] != session.known.on else []
    return command_line("plan", environment, *given)


def _read_plan(path: Path) -> Document:
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}", fix=_fix()) from error
    except (ValueError, RecursionError):
        saved = None
    if not isinstance(saved, dict) or saved.get("schema") != SCHEMA or "fingerprints" not in saved:
        raise Misuse(f"{path} is not a saved plan of this version", fix=_fix())
    if saved.get("digest") != digest(saved):
        raise Misuse(f"{path} was changed after this version of portinfra wrote it", fix=_fix())
    return saved


def _fix() -> str:
    return f"Make one: {command_line('plan', '--out', 'FILE')}"


def _options(saved: Document) -> PlanOptions:
    return PlanOptions(
        allow_data_loss=frozenset(saved["allow_data_loss"]),
        only=frozenset(saved["only"]),
        replace=frozenset(map(Address, saved["replace"])),
        refresh_images=saved["refresh_images"],
        without_zones=frozenset(saved["without_zones"]),
    )
