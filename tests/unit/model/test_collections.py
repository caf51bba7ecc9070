"""A text that is given for a collection is one value of it, or refused: never a sequence of letters."""

import pkgutil
import typing
from collections.abc import Mapping
from importlib import import_module

import attrs
import pytest

import portinfra
from portinfra import dr, model
from portinfra.model import convert
from portinfra.model.resources import FirewallRules, Rule

TEXT = "small1"


def public_values():
    """Every attrs class of `model`, every other that a user makes of what `portinfra` exports, and what `dr`
    takes. portinfra itself makes a PolicyContext.
    """
    modules = [
        import_module(f"portinfra.model.{found.name}") for found in pkgutil.iter_modules(model.__path__)
    ]
    exported = [getattr(portinfra, name) for name in portinfra.__all__ if name != "PolicyContext"]
    values = (
        [value for module in modules for value in vars(module).values()]
        + exported
        + [dr.FailoverOptions, dr.RunOptions]
    )
    return sorted({value for value in values if isinstance(value, type) and attrs.has(value)}, key=str)


def collections():
    """Each such class with each attribute that holds several values."""
    return [
        pytest.param(value, attribute, id=f"{value.__name__}.{attribute.name}")
        for value in public_values()
        for attribute in attrs.fields(attrs.resolve_types(value))
        if convert.is_collection(attribute.type) and attribute.init
    ]


def made(value, attribute, given):
    """A value with `given` for one attribute, and for each other that is needed something of its shape."""
    needed = {
        each.alias: _something(each.type)
        for each in attrs.fields(value)
        if each.init and each.default is attrs.NOTHING
    }
    return value(**{**needed, attribute.alias: given})


def _something(annotation):
    origin = typing.get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {}
    if annotation is int:
        return 2
    return () if convert.is_collection(annotation) else "x"


@pytest.mark.parametrize(("value", "attribute"), collections())
def test_a_text_is_one_value_or_refused_by_the_name_of_the_attribute(value, attribute):
    kept = kept_or_error(value, attribute)
    if isinstance(kept, TypeError):
        assert f"{value.__name__}.{attribute.name}" in str(kept)
    else:
        assert not isinstance(kept, str)
        assert len(kept) == 1


def kept_or_error(value, attribute):
    try:
        return getattr(made(value, attribute, TEXT), attribute.name)
    except TypeError as error:
        return error


def test_the_attributes_that_a_user_is_most_likely_to_get_wrong_are_among_them():
    names = {each.id for each in collections()}
    assert {
        "PlanOptions.allow_data_loss",
        "Topology.roles",
        "Role.ssh_keys",
        "Role.tags",
        "Flow.sources",
    } <= names
    assert {
        "Environment.zones",
        "RecoveryPlan.waves",
        "Wave.roles",
        "FailoverOptions.without",
        "Observation.unknown",
    } <= names


def test_pairs_of_letters_are_no_mapping():
    assert portinfra.Role("web", tags=["ab"]).tags == ["ab"]  # kept as it is, for validation to report


def test_one_rule_alone_is_one_of_several():
    rule = Rule("tcp", 443, 443, "0.0.0.0/0")
    assert FirewallRules("web", None, ingress=rule).ingress == (rule,)
