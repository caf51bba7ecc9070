"""A plan counts the rules of a firewall while old and new ones exist together, against the limit."""

import pytest
from attrs import evolve
from toy import CATALOGUE, applied, plan_of, topology

from portinfra import Role, allow


def web(*ports):
    return topology(
        Role("web", public="yes"), flows=[allow("203.0.113.0/24", "web", tcp=list(ports), why="x")]
    )


WIDER = ["10-11", "20-21", "30-31"]


def refused(before, after, limit, **options):
    catalogue = evolve(CATALOGUE, rules_max=limit, **options)
    return list(plan_of(after, before and applied(before), catalogue=catalogue).errors)


def test_old_and_new_rules_fit_to_the_last_and_no_further():
    assert refused(web(10, 20, 30), web(*WIDER), 6) == []
    (error,) = refused(web(10, 20, 30), web(*WIDER), 5)
    assert (error.rule, error.subject) == ("plan/refused", "firewall-rules.web")
    assert (
        "keeps 3 ingress rules until 3 new ones exist: that is 6 together, and 5 is the most" in error.message
    )
    assert error.location.line


def test_a_limit_that_is_the_default_says_that_the_own_one_was_not_read():
    (error,) = refused(None, web(10, 20, 30), 2, rules_max_is_default=True)
    assert "2 is the most, by default: the account's own quota was not read" in error.message


@pytest.mark.parametrize("after", [web(10, 20, 30), web(10, 20), web(40)])
def test_rules_that_exist_above_the_limit_stay_and_become_fewer(after):
    assert refused(web(10, 20, 30), after, 1) == []


def test_without_a_limit_nothing_is_refused():
    assert refused(None, web(*range(10, 400, 2)), None) == []
