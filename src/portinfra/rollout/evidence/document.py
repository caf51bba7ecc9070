"""A value as the document that is signed."""

from attrs import AttrsInstance, asdict

from portinfra.model.plain import Document


def document_of(schema: str, value: AttrsInstance) -> Document:
    """Every field of a value, under its own name. What is no text in UTF-8 is shown as `?`."""
    return {"schema": schema, **asdict(value, value_serializer=_plain)}


def _plain(instance: object, attribute: object, value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # a hook may say anything, also half a character
    return [_plain(instance, attribute, one) for one in value] if isinstance(value, tuple) else value
