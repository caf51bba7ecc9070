"""The values of names in expressions: variables and locals, and which of them are secret."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from attrs import field

from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.syntax import Attribute
from portinfra.declaration.hcl.tree import tokens
from portinfra.format import suggestion
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.value import frozen


@frozen
class Computed:
    """A value, and the sensitive variables that it depends on."""

    value: Any = field(repr=False)
    secrets: frozenset[str] = frozenset()


LONGEST_CIRCLE = 20
"""The most nested locals. Only those in a circle are nested deeply: see `Scope.compute_locals`."""

NAMED = re.compile(r"local *\. *([^\W\d][\w-]*)")


class Scope:
    """The variables and locals of one declaration. Each local is computed once, at its first use."""

    def __init__(self, variables: Mapping[str, Computed | None], locals_: Mapping[str, Attribute]) -> None:
        self._variables = variables
        self._locals = locals_
        self._computed: dict[str, Computed | Problem] = {}
        self._under_way: list[str] = []

    def variable(self, name: str, location: Location) -> Computed:
        """Return the value of a variable. Raises Problem, without findings if they are reported already."""
        if name not in self._variables:
            fix = suggestion(name, self._variables, f'Declare it: variable "{name}" {{}}.')
            raise problem("unknown-variable", f"there is no variable {name!r}", fix, location)
        value = self._variables[name]
        if value is None:
            raise Problem([])
        return value

    def local(
        self, name: str, location: Location, evaluate: Callable[[Attribute, "Scope"], Computed]
    ) -> Computed:
        """Return the value of a local. Raises Problem, without findings if `compute_locals` returns them."""
        if name not in self._locals:
            fix = suggestion(name, self._locals, "Declare it in a locals block.")
            raise problem("unknown-local", f"there is no local {name!r}", fix, location)
        if name in self._under_way:
            raise self._circle([*self._under_way[self._under_way.index(name) :], name])
        if len(self._under_way) > LONGEST_CIRCLE:
            raise self._circle([*self._under_way, "…"])
        if name not in self._computed:
            self._under_way.append(name)
            try:
                self._computed[name] = evaluate(self._locals[name], self)
            except Problem as wrong:
                self._computed[name] = wrong
            finally:
                self._under_way.pop()
        known = self._computed[name]
        if isinstance(known, Problem):
            raise Problem([])
        return known

    def compute_locals(self, evaluate: Callable[[Attribute, "Scope"], Computed]) -> tuple[Finding, ...]:
        """Compute all locals, each after those that it names. Return their findings.

        The order avoids deep recursion for a long chain of locals.
        """
        for name in self._in_order():
            with suppress(Problem):
                self.local(name, self._locals[name].location, evaluate)
        failed = [known for known in self._computed.values() if isinstance(known, Problem)]
        return tuple(finding for problem in failed for finding in problem.findings)

    def _in_order(self) -> Iterator[str]:
        """Yield every local, after those that its text names. A heredoc may name more than it uses."""
        done: set[str] = set()
        for first in self._locals:
            ahead = [(first, iter(self._names_of(first)))] if first not in done else []
            done.add(first)
            while ahead:
                _, others = ahead[-1]
                other = next((each for each in others if each in self._locals and each not in done), None)
                if other is None:
                    yield ahead.pop()[0]
                else:
                    done.add(other)
                    ahead.append((other, iter(self._names_of(other))))

    def _names_of(self, name: str) -> list[str]:
        return NAMED.findall(" ".join(tokens(self._locals[name].expression)))

    def _circle(self, names: list[str]) -> Problem:
        first = min(range(len(names) - 1), key=lambda number: self._locals[names[number]].location.line)
        if names[0] == names[-1]:
            names = [*names[first:-1], *names[: first + 1]]
        message = f"locals depend on one another in a circle: {' → '.join(names)}"
        return problem("local-cycle", message, "Break the circle.", self._locals[names[0]].location)

    def with_marks(self, mark: str) -> "Scope":
        """Return the same names, with `mark` and its name in place of each sensitive text."""
        marked = {
            name: Computed(mark.replace("{name}", name), value.secrets)
            if value and value.secrets and isinstance(value.value, str)
            else value
            for name, value in self._variables.items()
        }
        return Scope(marked, self._locals)

    def text_of(self, name: str) -> str:
        """Return the text of a variable; empty: it has none."""
        found = self._variables.get(name)
        return found.value if found and isinstance(found.value, str) else ""

    @property
    def local_names(self) -> tuple[str, ...]:
        """The names of all locals."""
        return tuple(self._locals)

    @property
    def variable_names(self) -> tuple[str, ...]:
        """The names of all variables."""
        return tuple(self._variables)
