"""Receipts that a prober prints on its serial console, and how to find the newest complete one.

    == portinfra receipt 7 begins ==
    check 1 passed 1 MjEgcm93cwo=
    check 2 failed 12
    == portinfra receipt 7 ends 5b0c…64 hex digits… ==

A console also shows what the kernel and other programs print. It may begin in the middle of a receipt, and
bytes may be missing. So a receipt counts only if its digest is right. The digest includes a secret that only
the prober and the run know, so no other program can print a valid receipt. It is a digest of a digest:
others could extend a text whose digest covers only the secret and the text.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

from portinfra.model import convert
from portinfra.value import frozen

_SUMMARY = re.compile(r"^# portinfra-prober: (\{.*\})$", re.MULTILINE)

_BEGINS = re.compile(r"== portinfra receipt ([0-9]{1,9}) begins ==")
_ENDS = re.compile(r"== portinfra receipt ([0-9]{1,9}) ends ([0-9a-f]{64}) ==")
_BASE64 = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_CHECK = re.compile(rf"check ([0-9]{{1,4}}) (passed|failed) ([0-9]{{1,9}}) ({_BASE64})")


@frozen(field_transformer=convert.refuse_text)
class ProberSummary:
    """What the user data of a prober contains, in one line. A cloud that runs no user data reads it."""

    word: str
    reads: tuple[tuple[str, ...], ...]
    """For each check, the native ids of the volumes whose data it reads."""

    def line(self) -> str:
        """Return the line, a comment of a shell."""
        return "# portinfra-prober: " + json.dumps(
            {"word": self.word, "reads": self.reads}, separators=(",", ":")
        )


def find_summary(user_data: str) -> ProberSummary | None:
    """Return the summary in user data; None: it belongs to no prober."""
    found = _SUMMARY.search(user_data)
    summary = json.loads(found[1]) if found else None
    return ProberSummary(summary["word"], tuple(map(tuple, summary["reads"]))) if summary else None


@frozen(field_transformer=convert.refuse_text)
class CheckAnswer:
    """The state of one check at the moment of a receipt."""

    passed: bool
    tries: int
    """How often it has ended. 0: it has not ended once."""
    printed: bytes = b""
    """The last bytes that its last try printed."""


@frozen(field_transformer=convert.refuse_text)
class Receipt:
    """The answers of all checks at one moment."""

    number: int
    """The number, counted from 1 in the order of printing."""
    answers: tuple[CheckAnswer, ...]


def write_receipt(receipt: Receipt, word: str) -> str:
    """Return the text that a prober prints."""
    body = "\n".join(_check_line(number, each) for number, each in enumerate(receipt.answers, 1))
    digest, number = _digest(word, receipt.number, body), receipt.number
    return (
        f"\n== portinfra receipt {number} begins ==\n{body}\n== portinfra receipt {number} ends {digest} ==\n"
    )


def find_newest(console: str, word: str, checks: int) -> Receipt | None:
    """Return the newest complete receipt about so many checks; None: there is none.

    Lines of other programs between its lines are left out. Any other change makes its digest wrong.
    """
    lines = [line.rstrip("\r") for line in console.split("\n")]
    whole = (_read_receipt(number, body, digest, word) for number, body, digest in _candidates(lines))
    fitting = (receipt for receipt in whole if receipt is not None and len(receipt.answers) == checks)
    return max(fitting, key=lambda receipt: receipt.number, default=None)


def _candidates(lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Yield number, body and digest of each possible receipt."""
    begun, body = "", list[str]()
    for line in lines:
        if begins := _BEGINS.fullmatch(line):
            begun, body = begins[1], []
        elif ends := _ENDS.fullmatch(line):
            if begun == ends[1]:
                yield int(begun), "\n".join(body), ends[2]
            begun = ""
        elif begun and _CHECK.fullmatch(line):
            body.append(line)


def _read_receipt(number: int, body: str, digest: str, word: str) -> Receipt | None:
    if digest != _digest(word, number, body):
        return None
    found = [match for line in body.split("\n") if (match := _CHECK.fullmatch(line))]
    return Receipt(number, tuple(_answer(match) for match in found))


def _answer(match: re.Match[str]) -> CheckAnswer:
    return CheckAnswer(match[2] == "passed", int(match[3]), base64.b64decode(match[4]))


def _check_line(number: int, answer: CheckAnswer) -> str:
    printed = base64.b64encode(answer.printed).decode()
    return f"check {number} {'passed' if answer.passed else 'failed'} {answer.tries} {printed}"


def _digest(word: str, number: int, body: str) -> str:
    inner = sha256(f"{word}{number}\n{body}".encode()).hexdigest()
    return sha256(f"{word}{inner}".encode()).hexdigest()
