"""The SVG elements of the diagrams. Every text and attribute is escaped here."""

from html import escape

from portinfra.render.diagrams.palette import INK
from portinfra.safe_text import visible


def element(tag: str, *, content: str = "", **attributes: float | str) -> str:
    """Return an element with a text as content. Numbers are short; `stroke_width` becomes `stroke-width`."""
    written = "".join(f' {name.replace("_", "-")}="{_to_text(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>{clean(content)}</{tag}>" if content else f"<{tag}{written}/>"


def text(x: float, y: float, content: str, *, size: float = 12, **style: float | str | bool) -> str:
    """Return a line of text with its baseline at `y`.

    Style: `weight`, `anchor`, `fill`, `mono`, `turn` (degrees).
    """
    attributes: dict[str, float | str] = {
        "x": x,
        "y": y,
        "font_size": size,
        "fill": str(style.get("fill", INK)),
    }
    if style.get("weight"):
        attributes["font_weight"] = str(style["weight"])
    if style.get("anchor"):
        attributes["text_anchor"] = str(style["anchor"])
    if style.get("mono"):
        attributes["font_family"] = "ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace"
    if style.get("turn"):
        attributes["transform"] = f"rotate({style['turn']:g} {x:g} {y:g})"
    return element("text", content=content, **attributes)


def group(*parts: str, title: str) -> str:
    """Return a group of elements with a title, which a browser shows under the pointer."""
    return f"<g>{element('title', content=title)}{''.join(parts)}</g>"


def clean(content: str) -> str:
    """Return a text with the escapes of XML."""
    return escape(visible(content, keep="\n\t"))


def _to_text(value: float | str) -> str:
    return clean(value) if isinstance(value, str) else f"{round(value, 2):g}"
