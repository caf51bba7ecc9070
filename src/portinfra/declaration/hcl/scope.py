"""What the names in an expression stand for: variables, locals, and which of them are secret."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from portinfra.declaration.hcl.problem import Problem, problem
from portinfra.declaration.hcl.syntax import Attribute
from portinfra.model.location import Location
from portinfra.words import suggestion


@frozen
class Computed:
    """A value, and the sensitive variables that it was made from."""

    value: Any = field(repr=False)
    secrets: frozenset[str] = frozenset()


class Scope:
    """The variables and locals of one declaration. Locals are computed when first asked for, once."""

    def __init__(self, variables: Mapping[str, Computed | None], locals_: Mapping[str, Attribute]) -> None:
        self._variables = variables
        self._locals = locals_
        self._computed: dict[str, Computed | Problem] = {}
        self._under_way: list[str] = []

    def variable(self, name: str, location: Location) -> Computed:
        """The variable's value. Raises Problem; with no findings where it has one of its own already."""
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
        """The local's value. Raises Problem; its own reasons go to whoever asks first."""
        if name not in self._locals:
            fix = suggestion(name, self._locals, "Declare it in a locals block.")
            raise problem("unknown-local", f"there is no local {name!r}", fix, location)
        if name in self._under_way:
            circle = " → ".join([*self._under_way[self._under_way.index(name) :], name])
            message = f"locals are made from one another in a circle: {circle}"
            raise problem("local-cycle", message, "Break the circle.", self._locals[name].location)
        if name not in self._computed:
            self._under_way.append(name)
            try:
                self._computed[name] = evaluate(self._locals[name], self)
            except Problem as wrong:
                self._computed[name] = Problem([])
                raise wrong
            finally:
                self._under_way.pop()
        known = self._computed[name]
        if isinstance(known, Problem):
            raise known
        return known

    def with_marks(self, mark: str) -> "Scope":
        """The same names, with `mark`, formatted with its name, in place of each sensitive text."""
        marked = {
            name: Computed(mark.replace("{name}", name), value.secrets)
            if value and value.secrets and isinstance(value.value, str)
            else value
            for name, value in self._variables.items()
        }
        return Scope(marked, self._locals)

    def text_of(self, name: str) -> str:
        """The text of a variable; empty where it has none."""
        found = self._variables.get(name)
        return found.value if found and isinstance(found.value, str) else ""

    @property
    def local_names(self) -> tuple[str, ...]:
        """Every local."""
        return tuple(self._locals)

    @property
    def variable_names(self) -> tuple[str, ...]:
        """Every variable."""
        return tuple(self._variables)
