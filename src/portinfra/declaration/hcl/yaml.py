"""Values as YAML, in the block style that Terraform's `yamlencode` writes."""

import json
from collections.abc import Iterator
from typing import Any

from portinfra.declaration.hcl.values import to_text


def yaml_text(value: Any) -> str:
    """Return a value as YAML. Keys are sorted, and each text is in quotes, as in JSON."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in sorted(value.items()):
            name = json.dumps(key, ensure_ascii=False)
            first, *rest = _lines(item)
            if isinstance(item, dict) and item:
                yield from (f"{name}:", f"  {first}", *(f"  {line}" for line in rest))
            elif isinstance(item, list) and item:
                yield from (f"{name}:", first, *rest)
            else:
                yield f"{name}: {first}"
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = _lines(item)
            yield from (f"- {first}", *(f"  {line}" for line in rest))
    else:
        yield _alone(value)


def _alone(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return to_text(value)
