"""Texts that portinfra may print, read from its source: pages quote messages, and this finds them."""

import ast
import re

LITERAL_MIN = 0.3
"""The part of a quotation that a text must say itself. The rest may be values."""


class PrintedTexts:
    """The texts of all Python files below folders. Files named `without` are pages themselves."""

    def __init__(self, *folders, without=()):
        self._literals, self._formatted = [], []
        for file in (file for folder in folders for file in folder.rglob("*.py")):
            if file.name not in without:
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                    self._add(node)

    def _add(self, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self._literals.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            self._formatted.append(
                [part.value if isinstance(part, ast.Constant) else None for part in node.values]
            )

    def has(self, quotation):
        """Whether a text, or a part of one from one value to another, makes up most of it. `…` is a value."""
        parts = [part.strip() for part in quotation.split("…")]
        if any(all(part in literal for part in parts) for literal in self._literals):
            return True
        shown = quotation.replace("…", "X")
        return any(_is_part(text, shown) for text in self._formatted)


def _is_part(text, shown):
    if sum(len(each or "") for each in text) < LITERAL_MIN * len(shown):
        return False
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            part = text[start:end]
            said = sum(len(each or "") for each in part)
            pattern = "".join(".+" if each is None else re.escape(each) for each in part)
            pattern = pattern.replace("\\ ", " ").strip(": ")
            if said >= LITERAL_MIN * len(shown) and re.search(pattern, shown):
                return True
    return False
