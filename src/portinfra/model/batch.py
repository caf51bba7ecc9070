"""Calls of several resources that a provider accepts as one request."""

from portinfra.model import convert
from portinfra.value import frozen


@frozen(field_transformer=convert.refuse_text)
class Batch:
    """How a call joins equal calls of other resources in one request. It is `safe` and creates nothing."""

    parameter: str
    """The parameter whose values the request lists together: `InstanceId`. All others are equal."""
    size_max: int
    """How many calls one request may join, at least 2."""
    counted: tuple[str, ...] = ()
    """Those rates of the call of which a request takes one token for each joined call."""
