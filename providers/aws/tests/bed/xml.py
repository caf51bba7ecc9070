"""Answers as EC2 and STS write them.

moto's own have two faults that a client of the real service stumbles over: the namespace lacks its last
slash where it should have one and has it where it should not, and `<return>true</return>` is missing.
"""

from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from bed.errors import EC2Error
from bed.official import NAMESPACES, Operation, xml_name

KIND = "text/xml;charset=UTF-8"
"""The content type."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Fixed(dict[str, Any]):
    """An answer that never changes. It keeps its XML, whose making takes longest of all in a request."""

    body: str = ""


def answer(operation: Operation, told: dict[str, Any], request_id: str) -> str:
    """The document of a request that succeeded."""
    body = _body(operation, told)
    start = f'{_HEAD}<{operation.name}Response xmlns="{NAMESPACES[operation.service]}">'
    end = f"</{operation.name}Response>"
    if operation.service == "sts":
        result = f"<{operation.name}Result>{body}</{operation.name}Result>"
        return f"{start}{result}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>{end}"
    return f"{start}<requestId>{request_id}</requestId>{body}{end}"


def _body(operation: Operation, told: dict[str, Any]) -> str:
    if operation.told is None:
        return "<return>true</return>"
    if not isinstance(told, Fixed):
        return _members(told, operation.told)
    told.body = told.body or _members(told, operation.told)
    return told.body


def refusal(service: str, error: EC2Error, request_id: str) -> str:
    """The document of a request that failed."""
    code, message = escape(error.code), escape(error.message)
    if service == "sts":
        fault = f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
        return (
            f'<ErrorResponse xmlns="{NAMESPACES["sts"]}"><Error>{fault}</Error>'
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return (
        f"{_HEAD}<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    )


def _members(told: dict[str, Any], shape: Any) -> str:
    return "".join(
        [
            f"<{tag}>{_content(told[name], member)}</{tag}>"
            for name, tag, member in _tags(shape)
            if name in told
        ]
    )


def _content(value: Any, shape: Any) -> str:
    kind = shape.type_name
    if kind == "structure":
        return _members(value, shape)
    if kind == "list":
        member = shape.member
        tag = member.serialization.get("name", "member")
        return "".join([f"<{tag}>{_content(each, member)}</{tag}>" for each in value])
    if kind == "boolean":
        return "true" if value else "false"
    return escape(str(value))


@cache
def _tags(shape: Any) -> list[tuple[str, str, Any]]:
    """Of each member of a structure: its name in the model, its name in an answer, its shape."""
    return [(name, xml_name(member, name), member) for name, member in shape.members.items()]
