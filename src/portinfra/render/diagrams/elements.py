"""The few SVG elements that the pictures are made of; every text and attribute is escaped here."""

from html import escape

from portinfra.render.diagrams.palette import INK
from portinfra.safe_text import visible


def element(tag: str, *, content: str = "", **attributes: float | str) -> str:
    """One element with a text for content; numbers are written short, `stroke_width` as `stroke-width`."""
    written = "".join(f' {name.replace("_", "-")}="{_to_text(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>{clean(content)}</{tag}>" if content else f"<{tag}{written}/>"


def text(x: float, y: float, content: str, *, size: float = 12, **style: float | str | bool) -> str:
    """A line of text; `y` is its baseline. Style: `weight`, `anchor`, `fill`, `mono`, `turn` (degrees)."""
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
    """Elements that belong together, with what a reader sees who points at them."""
    return f"<g>{element('title', content=title)}{''.join(parts)}</g>"


def clean(content: str) -> str:
    """A text as it may stand in XML."""
    return escape(visible(content, keep="\n\t"))


def _to_text(value: float | str) -> str:
    return clean(value) if isinstance(value, str) else f"{round(value, 2):g}"
