"""Texts and names are plain English, in the words of the field.

A stored name (an attribute of a document, a tag, a record) keeps its spelling: `STORED` lists it. The id of a
rule (`check/not-told`) keeps its spelling, too.
"""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    *(each for each in (ROOT / "src/portinfra").iterdir() if each.is_dir()),
    *ROOT.glob("providers/*/src"),
)
SOURCES = {
    str(folder.relative_to(ROOT)): sorted(folder.rglob("*.py"))
    for folder in (*PACKAGES, ROOT / "examples", ROOT / "tools", ROOT / "benchmarks")
    if any(folder.rglob("*.py"))
} | {"src/portinfra": sorted((ROOT / "src/portinfra").glob("*.py"))}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]

PRIVATE = (
    *(
        "told",
        "tells",
        "whoever",
        "whomever",
        "nobody",
        "somebody",
        "anybody",
        "everybody",
        "stands",
        "stood",
    ),
    *("anew", "it is none", "what is there", "let go of", "whose turn", "as ever", "becomes of", "became of"),
    *("errand", "errands", "stranger", "strangers", "unmade", "remade", "mend", "mends", "mended", "mending"),
    "misspelt",
)
"""Words that hide who acts or what is meant, or that only this project used."""
PRIVATE_WORD = re.compile(rf"\b({'|'.join(PRIVATE)})\b", re.IGNORECASE)
STORED = {"told", "stands", "stood", "source-stands", "stands-already"}
_STORED = "|".join(sorted(STORED, key=len, reverse=True))
KEPT = re.compile(rf"([\"'`])(?:{_STORED}|[a-z]+(?:/[a-z-]+)+)\1|[\w\]]\.(?:{_STORED})\b")
"""A stored key or the id of a rule, quoted alone, or a stored attribute (`answer.told`)."""
TEXTS = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}

IRREGULAR = frozenset(
    {
        "told",
        "said",
        "stood",
        "made",
        "taken",
        "given",
        "kept",
        "sent",
        "built",
        "held",
        "shown",
        "known",
        "found",
        "left",
        "gone",
        "begun",
        "written",
        "bound",
        "lost",
        "meant",
        "drawn",
        "born",
        "grown",
        "hidden",
        "seen",
        "shut",
        "struck",
        "torn",
        "worn",
        "won",
    }
)
WORDS_IN_ED = ("bed", "need", "feed", "seed", "shed", "speed", "embed")


def words_of(path):
    """Yield the line and the text of each name, comment and string of a module."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.NAME and token.string not in STORED:
            yield token.start[0], token.string.replace("_", " ")
        elif token.type in TEXTS:
            yield from enumerate(token.string.replace('"""', "").splitlines(), token.start[0])


def list_private_words(path, lines):
    name = path.relative_to(ROOT)
    return [
        f"{name}:{line}: {each[0]}"
        for line, text in lines
        for each in PRIVATE_WORD.finditer(KEPT.sub(" ", text))
    ]


def is_participle(name):
    word = name.strip("_")
    return "_" not in word and (word in IRREGULAR or (word.endswith("ed") and word not in WORDS_IN_ED))


def list_participles(path):
    """Return the functions that a participle names. A property is a value, which may have such a name."""
    functions = (each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.FunctionDef))
    return [
        f"{path.relative_to(ROOT)}:{each.lineno}: {each.name}"
        for each in functions
        if is_participle(each.name) and not any("property" in ast.unparse(how) for how in each.decorator_list)
    ]


@pytest.mark.parametrize("folder", SOURCES)
def test_a_package_has_no_private_words(folder):
    assert [found for path in SOURCES[folder] for found in list_private_words(path, words_of(path))] == []


def test_pages_have_no_private_words():
    pages = ((path, enumerate(path.read_text().splitlines(), 1)) for path in PAGES)
    assert [found for path, lines in pages for found in list_private_words(path, lines)] == []


@pytest.mark.parametrize(
    "folder", sorted(SOURCES.keys() - {"examples"})
)  # a provider has names of the contract
def test_no_function_is_named_by_a_participle(folder):
    assert [found for path in SOURCES[folder] for found in list_participles(path)] == []


def test_the_words_are_found_where_they_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text('def told_host():\n    """Whoever asks."""  # as ever\n\n\ndef shown(): ...\n')
    assert list_private_words(module, words_of(module)) == [
        "module.py:1: told",
        "module.py:2: Whoever",
        "module.py:2: as ever",
    ]
    assert list_participles(module) == ["module.py:5: shown"]


@pytest.mark.parametrize(
    "text",
    [
        '"nobody agreed"',
        "'somebody'",
        'f"{host} and nobody else"',
        'f"nobody but {host}"',
        '"it stands"',
        '"told again"',
        '"either/somebody agreed"',
        '"self-told"',
        "# `nobody` agreed",
    ],
)
def test_a_private_word_is_found_wherever_it_is_in_a_text(tmp_path, monkeypatch, text):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(f"{text}\n")
    assert list_private_words(module, words_of(module))


@pytest.mark.parametrize(
    "text",
    [
        '"told"',
        '"recovery/stands"',
        "'check/not-told'",
        'f"{answer.told}"',
        "answer.told",
        "# `stood`: it ends",
    ],
)
def test_a_stored_name_and_the_id_of_a_rule_are_no_private_words(tmp_path, monkeypatch, text):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(f"{text}\n")
    assert list_private_words(module, words_of(module)) == []
