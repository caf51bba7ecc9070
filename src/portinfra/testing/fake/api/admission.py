"""The checks of every creation (token, name, quota, owner), and later changes of an owner."""

import hashlib
import json
import re
from typing import Any

from portinfra.testing.fake.account_records import QUOTAS, Answer, Book, Given
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.time_line import leaving, view

_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
TAGS_MAX = 50


def repeat_answer(book: Book, kind: str, given: Given) -> Answer | None:
    """Return the answer of an earlier request with the same token; None without one."""
    token = given.get("token")
    if not token:
        return None
    if kind not in book.shape.tokens:
        raise FakeError("InvalidRequest", f"a new {kind} takes no token")
    record = book.find_repeated(kind, token)
    if record is None:
        return None
    if leaving(record):
        raise FakeError("StaleToken", f"the token is that of {record['body']['id']}, which was deleted")
    if record["body"].get("request", _digest(given)) != _digest(given):  # files of older versions have none
        raise FakeError("InvalidRequest", "the token is that of a request with other parameters")
    return {"record": view(record, book.now)}


def admit(book: Book, kind: str, given: Given) -> dict[str, Any]:
    """Return the first fields of a new record: its name, token and owner. Raises FakeError."""
    if kind in book.shape.unique_names:
        for record in book.find(kind, "name", given["name"]):
            raise FakeError("AlreadyExists", f"{record['body']['id']} is a {kind} named {given['name']!r}")
    check_quota(book, kind)
    token = {"token": given.get("token", "")}
    if given.get("token"):
        token["request"] = _digest(given)
    return {"name": given["name"], **token, **owner(book, kind, given)}


def _digest(given: Given) -> str:
    """Return a short digest of all parameters of a request."""
    return hashlib.sha256(json.dumps(given, sort_keys=True, default=repr).encode()).hexdigest()[:16]


def owner(book: Book, kind: str, given: Given) -> dict[str, Any]:
    """Return the checked field that carries the owner. Raises FakeError."""
    carrier = book.shape.owner[kind]
    for other in ("tags", "labels", "description", "metadata"):
        if other != carrier and given.get(other):
            raise FakeError("InvalidRequest", f"a {kind} has no {other}")
    if carrier == "name":
        return {}
    value = given.get(carrier) or ({} if carrier in ("tags", "labels") else "")
    if carrier == "tags":
        _check_tags(value)
    elif carrier == "labels":
        _check_labels(value)
    return {carrier: value}


def zone_of(book: Book, given: Given) -> str:
    """Return the zone that a request names. Raises FakeError if it does not exist or does not answer."""
    zone = str(given.get("zone", ""))
    if zone not in book.zones:
        raise FakeError("InvalidRequest", f"{book.place} has no zone {zone!r}")
    reachable(book, zone)
    return zone


def reachable(book: Book, zone: str | None) -> None:
    """Raise FakeError if the zone does not answer."""
    if zone in book.settings("unreachable"):
        raise FakeError("ServiceUnavailable", f"{zone} does not answer")


def check_quota(book: Book, kind: str) -> None:
    """Raise FakeError if the account may have no more records of a kind."""
    limit = book.settings("quotas").get(kind, QUOTAS[kind])
    if book.full(kind, limit):
        raise FakeError("QuotaExceeded", f"the account may have {limit} of kind {kind} in {book.place}")


def _check_tags(tags: Any) -> None:
    if len(tags) > TAGS_MAX:
        raise FakeError("InvalidRequest", f"{len(tags)} tags; {TAGS_MAX} is the most")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise FakeError("InvalidRequest", f"tag {key!r} is too long")


def _check_labels(labels: Any) -> None:
    for key, value in labels.items():
        if not (key and key[0].isalpha() and _LABEL.fullmatch(key) and _LABEL.fullmatch(value)):
            raise FakeError("InvalidRequest", f"{key}={value} is no label: lower case, 63 characters")


def set_owner(book: Book, given: Given) -> Answer:
    """Write `name` and all tags, labels, description or metadata of the resource `id` of a `kind`."""
    kind = given["kind"]
    record = book.get(kind, given["id"])
    if kind in book.shape.fixed_owner or book.shape.owner[kind] == "name":
        raise FakeError(
            "InvalidRequest", f"a {kind} gets its name and owner at its creation only: create another one"
        )
    if kind in book.shape.unique_names:
        for other in book.find(kind, "name", given["name"]):
            if other is not record:
                raise FakeError("AlreadyExists", f"{other['body']['id']} is a {kind} of that name")
    return book.change(record, name=given["name"], **owner(book, kind, given))
