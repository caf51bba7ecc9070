"""The reader of HCL files as one declaration: each can use variables, locals and blocks of the others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from portinfra.declaration import terraform
from portinfra.declaration.declared import Declared, declaration_error, duplicates
from portinfra.declaration.hcl.blocks import Reader
from portinfra.declaration.hcl.expressions import evaluate
from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.scope import Scope
from portinfra.declaration.hcl.syntax import Attribute, Block, parse
from portinfra.declaration.hcl.variable_values import Outside
from portinfra.declaration.hcl.variables import read_variables
from portinfra.declaration.terraform import Where
from portinfra.format import suggestion
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.schema import block_attributes
from portinfra.model.topology import Topology

T = TypeVar("T")

DECLARED: Mapping[str, type[Any]] = {
    "topology": Topology,
    "environment": Environment,
    "recovery": RecoveryPlan,
}
KINDS = (*DECLARED, "variable", "locals")

UNKNOWN = ("hcl/unknown-variable", "hcl/unknown-local")
"""Findings that may be wrong if a file cannot be read: it may declare the name."""

_DECLARED_TWICE = ("declaration/duplicate-name", "hcl/duplicate")
"""Findings that a copy of a file in the same directory causes."""

_ONE_FILE = "portinfra reads every .hcl file of a directory. To read one file: -f FILE."


def read_files(files: Sequence[Path], outside: Outside) -> Declared:
    """Return the declaration in the files. Raises DeclarationError with all findings, by file and line."""
    findings: list[Finding] = []
    bodies = [body for file in files if (body := _body(file, findings))]
    complete = len(bodies) == len(files)
    blocks = [block for body in bodies for block in body.blocks]
    _find_misplaced(bodies, findings)

    values = read_variables([block for block in blocks if block.kind == "variable"], outside, findings)
    locals_ = _locals([block for block in blocks if block.kind == "locals"], findings)
    scope = Scope(values, locals_)
    findings += scope.compute_locals(evaluate)
    reader = Reader(scope, findings)
    declared = Declared(
        topologies=_make_values(reader, Topology, blocks),
        environments=_make_values(reader, Environment, blocks),
        recoveries=_make_values(reader, RecoveryPlan, blocks),
        plain_variables=frozenset(name for name, value in values.items() if value and not value.secrets),
    )
    findings += duplicates(declared)
    if not complete:
        findings = [finding for finding in findings if finding.rule not in UNKNOWN]
    if findings:
        twice = len(files) > 1 and any(finding.rule in _DECLARED_TWICE for finding in findings)
        raise declaration_error(findings, _ONE_FILE if twice else "")
    return declared


def _make_values(reader: Reader, of: type[T], blocks: Sequence[Block]) -> tuple[T, ...]:
    made = [reader.read_block(of, block) for block in blocks if DECLARED.get(block.kind) is of]
    return tuple(value for value in made if value is not None)


def _body(file: Path, findings: list[Finding]) -> Block | None:
    try:
        text = file.read_text(encoding="utf-8-sig")
        return parse(text, str(file))
    except Problem as wrong:
        findings += wrong.findings
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message, fix = f"the file cannot be read: {reason}", "Repair the file, or name another one with -f."
        findings += problem("file", message, fix, Location(str(file), 1)).findings
    return None


def _find_misplaced(bodies: Sequence[Block], findings: list[Finding]) -> None:
    """Report attributes and blocks that no file may have at its top level."""
    for body in bodies:
        for attribute in body.attributes:
            message, fix = f"{attribute.name!r} is outside of every block", "Put it into a locals block."
            findings += problem("misplaced", message, fix, attribute.location).findings
        for block in body.blocks:
            if block.kind not in KINDS:
                message = f"there is no block {block.kind!r}"
                outer = [name for name, of in DECLARED.items() if block.kind in block_attributes(of)]
                fix = (
                    f'Put it into a {outer[0]} "NAME" {{…}}.'
                    if outer
                    else terraform.advice(block.kind, Where.BLOCK)
                )
                fix = fix or suggestion(block.kind, KINDS)
                findings += problem("unknown-block", message, fix, block.location).findings


def _locals(blocks: Sequence[Block], findings: list[Finding]) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for block in blocks:
        if block.labels:
            findings += problem("label", "locals have no name", "Write locals {…}.", block.location).findings
        for inner in block.blocks:
            message = f"there is no block {inner.kind!r} in locals"
            findings += problem("unknown-block", message, "Write `name = value`.", inner.location).findings
        for attribute in block.attributes:
            if attribute.name in found:
                message = f"local {attribute.name!r} is already declared at {found[attribute.name].location}"
                findings += problem("duplicate", message, "Rename one.", attribute.location).findings
            found.setdefault(attribute.name, attribute)
    return found
