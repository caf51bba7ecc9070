"""Text of others is shown with codes in place of what a terminal would obey."""

import json
import sys
import unicodedata

from portinfra.safe_text import CODES, visible

JOINERS = "\u200c\u200d"
ARABIC_SIGNS = "ARABIC"
"""Marks that are seen, though Unicode puts them beside those that are not."""


def is_hidden(character):
    """Whether a character is none that is seen: controls, line ends, directions, halves, other formats."""
    seen = character in JOINERS or unicodedata.name(character, "").startswith(
        (ARABIC_SIGNS, "SYRIAC", "KAITHI")
    )
    return unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") or (
        unicodedata.bidirectional(character)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        or (unicodedata.category(character) == "Cf" and not seen and ord(character) < 0x10000)
    )


def test_every_control_and_bidirectional_character_is_a_code():
    wrong = [
        hex(number)
        for number in range(sys.maxunicode + 1)
        if (is_hidden(chr(number)) and visible(chr(number)) == chr(number))
    ]
    assert wrong == []


def test_what_is_seen_stays():
    text = "Zürich 🛒 — 顧客, שלום, क्‍ष (100 %)"
    assert visible(text) == text


def test_codes_are_those_of_json():
    hidden = "a\x1b[2J\x07\u202eb\r\n\x7f\U000e0041"
    assert visible(hidden) == "a\\u001b[2J\\u0007\\u202eb\\r\\n\\u007f\\udb40\\udc41"
    assert json.loads(f'"{visible(hidden)}"') == hidden


def test_line_ends_stay_where_they_are_kept():
    assert visible("two\nlines\r", keep="\n") == "two\nlines\\r"


def test_what_an_encoding_lacks_is_a_code_that_json_reads():
    assert '"é→"'.encode("latin-1", CODES) == b'"\xe9\\u2192"'
    assert json.loads('"é→🛒"'.encode("ascii", CODES)) == "é→🛒"
