"""Sensitive texts, which record the variables that they come from.

The attribute is computed once more, with a mark in place of each sensitive value. If the marks are unchanged
in the result, and nothing else differs, the values were only inserted. Then the pieces between are known.
"""

import re

from portinfra.declaration.hcl.expressions import evaluate
from portinfra.declaration.hcl.problem import Problem
from portinfra.declaration.hcl.scope import Computed, Scope
from portinfra.declaration.hcl.syntax import Attribute
from portinfra.model.sensitive import Reference, SensitiveText

_MARK = '\ue000"\\\naA{name}\ue001'
"""A text with all that functions change: quotes, a backslash, a line end, letters of both cases."""

_MARKED = re.compile(re.escape(_MARK).replace(re.escape("{name}"), r"([\w-]+)"))


def sensitive_text(attribute: Attribute, computed: Computed, scope: Scope) -> SensitiveText:
    """Return the text of an attribute, with the variables that it comes from."""
    marked = scope.with_marks(_MARK)
    try:
        template = evaluate(attribute, marked).value
    except Problem:
        template = None
    pieces = _pieces(template) if isinstance(template, str) else ()
    if not _is_made_of(computed, pieces, scope):
        pieces = ()
    return SensitiveText(computed.value, computed.secrets, pieces)


def _pieces(template: str) -> tuple[str | Reference, ...]:
    parts = _MARKED.split(template)  # text and names, alternating
    pieces = [Reference(part) if place % 2 else part for place, part in enumerate(parts)]
    return tuple(piece for piece in pieces if piece)


def _is_made_of(computed: Computed, pieces: tuple[str | Reference, ...], scope: Scope) -> bool:
    """Return whether the pieces give the text, and name every sensitive variable that it depends on."""
    names = {piece.variable for piece in pieces if isinstance(piece, Reference)}
    values = [scope.text_of(piece.variable) if isinstance(piece, Reference) else piece for piece in pieces]
    return names == computed.secrets and "".join(values) == computed.value
