"""The evaluation of `for` expressions, which make a list or mapping from another."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from portinfra.declaration.hcl.evaluator import Evaluator
from portinfra.declaration.hcl.tree import Expression, is_token, parts
from portinfra.declaration.hcl.values import in_words

E = TypeVar("E", bound=Evaluator)


def for_list(evaluator: Evaluator, tree: Expression) -> list[Any]:
    """Return the list of `[for x in xs : … if …]`. Raises Problem."""
    intro, body, *condition = parts(tree)
    return [
        inner.value(body)
        for inner in _rounds(evaluator, intro)
        if not condition or inner.truth(parts(condition[0])[0])
    ]


def for_mapping(evaluator: Evaluator, tree: Expression) -> dict[str, Any]:
    """Return the mapping of `{for k, v in xs : k => v if …}`. With `...`, a key has a list of all its values.

    Raises Problem.
    """
    intro, key, value, *condition = parts(tree)
    gather = any(is_token(child, "ELLIPSIS") for child in tree.children)
    made: dict[str, Any] = {}
    for inner in _rounds(evaluator, intro):
        if condition and not inner.truth(parts(condition[0])[0]):
            continue
        name = inner.key(key)
        if gather:
            made.setdefault(name, []).append(inner.value(value))
        elif name in made:
            message, fix = "two rounds have the same key", "Make each key once, or collect with `...`."
            raise evaluator.wrong(tree, "duplicate-key", message, fix)
        else:
            made[name] = inner.value(value)
    return made


def _rounds(evaluator: Evaluator, intro: Expression) -> Iterator[Evaluator]:
    *names, source = parts(intro)
    return rounds(evaluator, [str(name.children[0]) for name in names], source)


def rounds(evaluator: E, names: Sequence[str], source: Expression) -> Iterator[E]:
    """Yield an evaluator for each member of a list or mapping, which knows the names of that member.

    One name is the value; of two, the first is the number or the key. Raises Problem.
    """
    value = evaluator.value(source)
    if isinstance(value, dict):
        pairs: list[tuple[Any, Any]] = sorted(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        message = f"`for` takes a list or a mapping, not {in_words(value)}"
        raise evaluator.wrong(source, "type", message, "Put [ ] around it to make a list.")
    for key, item in pairs:
        evaluator.count_round(source)
        bound = (key, item) if len(names) == 2 else (item,)
        yield evaluator.with_names(dict(zip(names, bound, strict=True)))
