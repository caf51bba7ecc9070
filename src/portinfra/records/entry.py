"""The text of ledger entries in records.

An entry, or the lines of one run, are one JSON object. Where it fits, it is the note of one record, as in
version 0.1.0. A longer one continues in other records, its rest. A run creates the rest first and never
changes it. Then it writes the entry's own record, which names the rest. So a reader finds either all of an
entry or the previous one. A version that knows no rest counts such an entry as not readable.
"""

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from portinfra.model.lease import Lease
from portinfra.model.plain import JsonObject
from portinfra.model.record import TEXT_MAX, Record
from portinfra.records.lease import note_of, to_text
from portinfra.records.lines import from_note, to_note
from portinfra.value import frozen

REST = "rest"
"""The prefix of a note that contains or names the rest of an entry: `rest: TEXT`, `rest 18,19: TEXT`."""

NUMBER_MAX = 9_999_999

NAMES_MAX = 100
"""Characters that are reserved in the first record for the numbers of the others."""


@frozen
class Written:
    """The entries in the records of a ledger."""

    entries: Mapping[int, JsonObject]
    """Number → the entry; empty where it cannot be read."""
    rests: Mapping[int, tuple[int, ...]]
    """Number of an entry → the records that contain its rest."""
    torn: frozenset[int]
    """Entries whose rest is not among the records."""
    strays: frozenset[int]
    """Rests that no entry names: a run was killed before it wrote the entry, or before it deleted them."""


def read_entries(records: Iterable[Record]) -> Written:
    """Return the entries in the records of a ledger, written by any version."""
    notes = {record.number: note_of(record) for record in records}
    rests = {number: named for number, note in notes.items() if (named := _rest_numbers(note))}
    parts = {number: text for number, note in notes.items() if (text := _rest_piece(note)) is not None}
    whole = {
        number: _join_pieces(note, [parts.get(n) for n in rests[number]]) if number in rests else note
        for number, note in notes.items()
        if number not in parts
    }
    entries = {number: from_note(note) for number, note in whole.items()}
    torn = {number for number, rest in rests.items() if not parts.keys() >= set(rest)}
    all_named = {number for numbers in rests.values() for number in numbers}
    return Written(entries, rests, frozenset(torn), frozenset(parts.keys() - all_named))


def split_entry(entry: JsonObject, writer: Lease) -> list[str]:
    """Return the pieces of an entry: one if it fits into a record with this writer, else several."""
    note = to_note(entry)
    room = TEXT_MAX - len(to_text(evolve(writer, number=NUMBER_MAX)))
    if _size(note) <= room:
        return [note]
    pieces, piece = [], ""
    for character in note:
        if _size(piece + character) > room - NAMES_MAX:
            pieces.append(piece)
            piece = ""
        piece += character
    return [*pieces, piece]


def first_note(piece: str, rest: Sequence[int]) -> str:
    """Return the note of an entry's own record, which names the records of its rest."""
    return f"{REST} {','.join(map(str, rest))}: {piece}" if rest else piece


def rest_note(piece: str) -> str:
    """Return the note of a record that holds a piece of an entry's rest."""
    return f"{REST}: {piece}"


def _size(piece: str) -> int:
    """Return how many characters a piece needs in the text, where JSON escapes some."""
    return len(piece) + piece.count('"') + piece.count("\\")


def _rest_numbers(note: str) -> tuple[int, ...]:
    begin, _, _ = note.partition(": ")
    word, _, numbers = begin.partition(" ")
    parts = numbers.split(",")
    return tuple(map(int, parts)) if word == REST and all(part.isdecimal() for part in parts) else ()


def _rest_piece(note: str) -> str | None:
    begin = f"{REST}: "
    return note.removeprefix(begin) if note.startswith(begin) else None


def _join_pieces(note: str, rest: Sequence[str | None]) -> str:
    """Return the whole entry; empty where a piece is missing."""
    pieces = [note.partition(": ")[2], *rest]
    return "".join(piece or "" for piece in pieces) if None not in pieces else ""
