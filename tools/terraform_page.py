"""The generator of docs/hcl-terraform.md: each word of Terraform with its replacement.

Run it after a change of `portinfra/declaration/terraform.py`: `.venv/bin/python tools/terraform_page.py`.
"""

from pathlib import Path

from portinfra.declaration.terraform import WORDS, Where

PAGE = Path(__file__).parents[1] / "docs" / "hcl-terraform.md"
INTRODUCTION = """\
# If you write Terraform

This page is for people who know Terraform: it lists what to write for each word of Terraform.
Errors have the same sentences. The [glossary](glossary.md) explains the words.

The language is the same, HCL: expressions, `variable`, `locals` and most
[functions](hcl-functions.md) work as you know them. The blocks differ, because portinfra declares
roles and flows, and creates the resources of each cloud from them ([Declaring in HCL](hcl.md)).

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
