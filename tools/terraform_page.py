"""Writes docs/hcl-terraform.md: each word of Terraform with what to write in its place.

Run it after a change of `portinfra/declaration/terraform.py`: `.venv/bin/python tools/terraform_page.py`.
"""

from pathlib import Path

from portinfra.declaration.terraform import WORDS, Where

PAGE = Path(__file__).parents[1] / "docs" / "hcl-terraform.md"
INTRODUCTION = """\
# If you write Terraform

This page is for people who know Terraform: it has each of its words with what to write here. Errors
answer with the same sentences. The [glossary](glossary.md) explains the words.

The language is the same, HCL: expressions, `variable`, `locals` and most
[functions](hcl-functions.md) work as you know them. The blocks are other ones, because portinfra
declares roles and flows, and makes the resources of each cloud from them ([Declaring in
HCL](hcl.md)).

This page is made from `src/portinfra/declaration/terraform.py`. Do not edit it: run
`.venv/bin/python tools/terraform_page.py`.
"""
TITLES = {
    Where.BLOCK: "Blocks",
    Where.ATTRIBUTE: "Attributes",
    Where.NAME: "Names in expressions",
    Where.FUNCTION: "Functions",
    Where.COMMAND: "Commands",
    Where.OPTION: "Options of the command line",
}


def page() -> str:
    """Return the whole page."""
    return "\n".join([INTRODUCTION, *map(section, Where)])


def section(where: Where) -> str:
    """Return the words of one place as a table."""
    rows = [f"| `{each.word}` | {each.advice} |" for each in WORDS if each.where is where]
    return "\n".join([f"## {TITLES[where]}", "", "| Terraform | here |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
