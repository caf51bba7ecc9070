"""Classes that refuse values of a wrong type at once, as no validation reads them later."""

from collections.abc import Callable
from functools import cache
from typing import Any, cast, get_type_hints

from attrs import Attribute

from portinfra.base_errors import WrongTypeError
from portinfra.model.annotations import fits, in_words, what_it_is


def strict(of: type[Any], attributes: list["Attribute[Any]"]) -> list["Attribute[Any]"]:
    """Let each attribute of a class refuse what its annotation does not accept, as a `field_transformer`.

    An attribute is checked before the default of a later one is computed from it.
    """
    return [each.evolve(converter=_type_check(of, each)) if each.init else each for each in attributes]


def refuse_wrong_type(where: str, value: object, annotation: Any) -> None:
    """Raise WrongTypeError for a value that an annotation does not accept. `where`: `Role.count`."""
    if not fits(value, annotation):
        accepted = in_words(annotation)
        raise WrongTypeError(
            f"{where} must be {accepted}, and is {what_it_is(value)}", fix=f"Give it as {accepted}."
        )


def _type_check(of: type[Any], attribute: "Attribute[Any]") -> Callable[[Any], Any]:
    before = cast(Callable[[Any], Any] | None, attribute.converter)

    def convert(given: Any) -> Any:
        value = before(given) if before else given
        refuse_wrong_type(f"{of.__name__}.{attribute.name}", value, _hints(of)[attribute.name])  # type: ignore[arg-type]
        return value

    return convert


@cache
def _hints(of: type[Any]) -> dict[str, Any]:
    return get_type_hints(of)
