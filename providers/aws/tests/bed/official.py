"""The official models, as botocore ships them: every action, parameter, type and enumeration."""

import re
from functools import cache
from typing import Any

from attrs import field, frozen
from botocore.loaders import Loader
from botocore.model import Shape
from moto.core.model import ServiceModel

VERSIONS = {"ebs": "2019-11-02", "ec2": "2016-11-15", "sts": "2011-06-15"}

NAMESPACES = {
    "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}

_FILTER = re.compile(r"<li>\s*<p>\s*<code>([^<]+)</code>")


@frozen(eq=False)
class Operation:
    """One action, as the model has it."""

    service: str
    name: str
    given: Any
    """The shape of the parameters."""
    told: Any
    """The shape of the answer; None where an action only says that it was done."""
    filters: frozenset[str] = field()
    """The names of filters that its documentation lists; empty where it takes none."""
    page: str = ""
    """The member of the answer that is cut into pages, where the action has pages."""


@cache
def _model(service: str) -> ServiceModel:
    """botocore's data, unchanged, in moto's classes for it, which reading moto's answers needs."""
    return ServiceModel(Loader().load_service_model(service, "service-2", VERSIONS[service]), service)


@cache
def _pages(service: str) -> dict[str, Any]:
    model = Loader().load_service_model(service, "paginators-1", VERSIONS[service])
    pages: dict[str, Any] = model["pagination"]
    return pages


@cache
def operation(service: str, action: str) -> Operation | None:
    """An action by its name; None where the model has none of that name."""
    model = _model(service)
    if action not in model.operation_names:
        return None
    found = model.operation_model(action)
    page = _pages(service).get(action, {})
    key = page.get("result_key", "")
    return Operation(
        service,
        action,
        found.input_shape,
        found.output_shape,
        filters=_filters(found.input_shape),
        page=key if isinstance(key, str) and "MaxResults" in members(found.input_shape) else "",
    )


def members(shape: Shape | None) -> dict[str, Shape]:
    """The members of a structure, by the names that boto3 gives them."""
    return dict(shape.members) if shape is not None and shape.type_name == "structure" else {}


def _filters(given: Shape | None) -> frozenset[str]:
    """EC2's model has no enumeration of filters: its documentation has the list."""
    filters = members(given).get("Filters")
    return frozenset(_FILTER.findall(filters.documentation)) if filters is not None else frozenset()


def query_name(shape: Shape, name: str) -> str:
    """What a parameter is called in a query: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html."""
    query: str = shape.serialization.get("queryName", "")
    if query:
        return query
    xml: str = shape.serialization.get("name", name)
    return xml[0].upper() + xml[1:]


def xml_name(shape: Shape, name: str) -> str:
    """What a member is called in an answer."""
    xml: str = shape.serialization.get("name", name)
    return xml
