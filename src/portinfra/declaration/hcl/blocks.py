"""The conversion of HCL blocks into values of the model."""

from collections.abc import Callable, Collection, Container, Mapping
from functools import partial
from typing import Any, TypeVar

from attrs import evolve, field

from portinfra.declaration import terraform
from portinfra.declaration.hcl import attributes as a
from portinfra.declaration.hcl.expressions import evaluate
from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.scope import Scope
from portinfra.declaration.hcl.syntax import Attribute as Written
from portinfra.declaration.hcl.syntax import Block
from portinfra.declaration.terraform import Where
from portinfra.format import suggestion, with_article
from portinfra.model.finding import Finding
from portinfra.model.former_names import former_names
from portinfra.model.location import Location
from portinfra.model.schema import Attribute, Kind, attributes, block_attributes, following_attributes, label
from portinfra.value import frozen

T = TypeVar("T")
Natives = Mapping[str, Mapping[str, Any]]
"""The values of native options, by provider and option."""


@frozen
class Reader:
    """A reader of blocks, which collects errors in `findings`."""

    scope: Scope
    findings: list[Finding] = field(factory=list)

    def read_block(self, of: type[T], block: Block) -> T | None:
        """Return the value of a block with its inner blocks; None: a required part is missing."""
        inside = block_attributes(of)
        inner = self._inner(block, {name: self._part_reader(each) for name, each in inside.items()})
        written_twice = [each for each in inside.values() if self._is_written_twice(each, block)]
        follows = self._following(of, block)
        values = a.take(block, self._known_attributes(of, block, follows), self.scope, self.findings)
        made = {each.name: each.stand_in() for each in follows}
        made |= {each.name: values[each.hcl] for each in attributes(of) if values and each.hcl in values}
        made |= {name: values[name] for name in former_names(of) if values and name in values}
        for name, each in inside.items():
            made[each.name] = self._value_of_blocks(each, block, made.get(each.name), inner[name])
        if not self._has_right_labels(of, block) or values is None or written_twice:
            return None
        named = label(of)
        given = {named.name: block.labels[0]} if named else {}
        make: Callable[..., T] = of
        return make(**given, **made, location=_with_attributes(of, block, values))

    def _following(self, of: type[Any], block: Block) -> tuple[Attribute, ...]:
        """Return the attributes that follow from another one with a value. Report those that are set, too."""
        written = {each.name: each for each in block.attributes}
        known = {
            each.name: written[each.hcl]
            for each in attributes(of)
            if each.hcl in written and "stands_for" in each.metadata
        }
        given = {name for name, each in known.items() if self._has_value(each)}
        follows = following_attributes(of, given)
        for each in follows:
            if each.hcl in written:
                (name,) = [
                    one.hcl for one in attributes(of) if each.name in one.metadata.get("stands_for", ())
                ]
                message = f"{each.hcl!r} follows from {name!r}, which is set, too"
                fix = f"Remove {each.hcl}, or remove {name}."
                self.findings.extend(problem("duplicate", message, fix, written[each.hcl].location).findings)
        for name in known.keys() - given:
            follows += self._missing_beside(known[name], following_attributes(of, {name}), written)
        return follows

    def _missing_beside(
        self, empty: Written, follows: tuple[Attribute, ...], written: Container[str]
    ) -> tuple[Attribute, ...]:
        """Return the required attributes that follow from an empty one, and are not set.

        If there are any, report the empty one.
        """
        missing = tuple(each for each in follows if each.is_needed and each.hcl not in written)
        if missing:
            message = f"{empty.name!r} is empty, and there is no {missing[0].hcl!r}"
            fix = f"Name {with_article(empty.name)}, or add {missing[0].hcl} = … in place of it."
            self.findings.extend(problem("missing", message, fix, empty.location).findings)
        return missing

    def _has_value(self, attribute: Written) -> bool:
        """Return whether an attribute is neither `null` nor empty. Its errors are reported later."""
        try:
            return evaluate(attribute, self.scope).value not in (None, "")
        except Problem:
            return True

    def _known_attributes(self, of: type[Any], block: Block, follows: Collection[Attribute]) -> a.Shapes:
        """Return the attributes of a block, with those that are required.

        An attribute that follows from another is not required. A list is required if no blocks replace it.
        """
        known, written = a.shapes(of), {each.kind for each in block.blocks}
        needed = [name for name in known.needed if name not in {each.hcl for each in follows}]
        lists = [
            each.hcl
            for each in block_attributes(of).values()
            if each.is_needed and each.hcl and each.block not in written
        ]
        return evolve(known, needed=(*needed, *lists))

    def _part_reader(self, attribute: Attribute) -> Callable[[Block], Any]:
        if attribute.kind is Kind.MAPS or attribute.part is None:
            return partial(self._options, attribute.part)
        return partial(self.read_block, attribute.part)

    def _value_of_blocks(self, attribute: Attribute, block: Block, listed: Any, inner: list[Any]) -> Any:
        """Return the value of an attribute that is set by blocks, and maybe by a list, too."""
        if attribute.kind is Kind.MAPS:
            return self._join_mappings(attribute, block, listed, inner)
        if attribute.kind is Kind.PART:
            if len(inner) > 1:
                message = f"{with_article(block.kind)} block has one {attribute.block} block"
                self._wrong("duplicate", message, f"Keep one {attribute.block} block.", block)
            return next(iter(inner), None)
        if listed is None or attribute.part is None:
            return inner
        place = next(each.location for each in block.attributes if each.name == attribute.hcl)
        return [attribute.part(each, location=place) for each in listed]

    def _join_mappings(
        self, attribute: Attribute, block: Block, listed: Natives | None, inner: list[tuple[Block, Natives]]
    ) -> Natives:
        """Return mappings by name, from a list and from blocks."""
        joined = dict(listed or {})
        for one, options in inner:
            for name in sorted(options.keys() & joined.keys()):
                if attribute.part:
                    message = f"{attribute.block} {name!r} is overridden twice"
                    self._wrong("duplicate", message, "Make it one block.", one)
                else:
                    message = f"the options of {name!r} are set twice"
                    self._wrong("duplicate", message, "Set them once.", block)
            joined |= options
        return joined

    def _options(self, of: type[Any] | None, block: Block) -> tuple[Block, Natives] | None:
        """Return the options of `native "aws" { option = … }`, or the overrides of a role."""
        any_option = a.Shapes({each.name: a.ANYTHING for each in block.attributes})
        known = a.override_shapes(of) if of else any_option
        self._inner(block, {}, known)
        values = a.take(block, known, self.scope, self.findings) or {}
        return (block, {block.labels[0]: values}) if self._has_one_name(block) else None

    def _is_written_twice(self, attribute: Attribute, block: Block) -> bool:
        """Return whether parts are set by a list and by blocks, and report that."""
        listed = [each for each in block.attributes if each.name == attribute.hcl]
        if attribute.kind is not Kind.PARTS or not listed:
            return False
        if all(each.kind != attribute.block for each in block.blocks):
            return False
        message = f"its {attribute.name} are set by a list and by blocks"
        fix = "Write the list, or the blocks."
        self.findings.extend(problem("duplicate", message, fix, listed[0].location).findings)
        return True

    def _has_right_labels(self, of: type[Any], block: Block) -> bool:
        if label(of):
            return self._has_one_name(block)
        if block.labels:
            message = f"{with_article(block.kind)} block has no name"
            self._wrong("label", message, f"Write {block.kind} {{…}}.", block)
        return True

    def _inner(
        self,
        block: Block,
        readers: Mapping[str, Callable[[Block], Any]],
        known: a.Shapes = a.NOTHING,
    ) -> dict[str, list[Any]]:
        """Return the values of the inner blocks, by kind. `known` has the attributes of the block."""
        made: dict[str, list[Any]] = {kind: [] for kind in readers}
        for inner in block.blocks:
            if inner.kind in readers:
                value = readers[inner.kind](inner)
                if value is not None:
                    made[inner.kind].append(value)
            else:
                message = f"there is no block {inner.kind!r} in {a.name_place(block, known)}"
                fix = a.send_to_topology(inner.kind, known)
                fix = fix or terraform.advice(inner.kind, Where.BLOCK, Where.ATTRIBUTE)
                fix = fix or suggestion(inner.kind, readers, "Remove it, or write it as `name = …`.")
                self._wrong("unknown-block", message, fix, inner)
        return made

    def _has_one_name(self, block: Block) -> bool:
        if len(block.labels) != 1:
            fix = f'Write {block.kind} "NAME" {{…}}.'
            self._wrong("label", f"{with_article(block.kind)} block has one name", fix, block)
        return len(block.labels) == 1

    def _wrong(self, rule: str, message: str, fix: str, block: Block) -> None:
        self.findings.extend(problem(rule, message, fix, block.location).findings)


def _with_attributes(of: type[Any], block: Block, values: Container[str]) -> Location:
    """Return the location of a block, with the line of each of its attributes by the name in the model.

    It records which former names have values, and whether the present names have values too.
    """
    named = {each.hcl: each.name for each in attributes(of) if each.hcl}
    lines = {named.get(each.name, each.name): each.location for each in block.attributes}
    former_names = {
        each.former: each.hcl in values for each in attributes(of) if each.former and each.former in values
    }
    for each in attributes(of):
        if each.former in lines:
            lines.setdefault(each.name, lines[each.former])
    for inside, attribute in ((each, block_attributes(of).get(each.kind)) for each in block.blocks):
        if attribute is None or not inside.labels:
            continue
        if attribute.kind is Kind.MAPS or attribute.part is None:
            prefix = f"{attribute.name}.{inside.labels[0]}"
            lines |= {f"{prefix}.{each.name}": each.location for each in inside.attributes}
    return evolve(block.location, attributes=lines, former_names=former_names)
