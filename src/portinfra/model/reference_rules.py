"""The rules of the reference infrastructure, by number. `docs/reference-rules.md` has each in a sentence."""

from collections.abc import Mapping

REFERENCE_RULES: Mapping[str, str] = {
    "R1": "one account for each environment",
    "R2": "one role for each server",
    "R3": "one subnet for each role",
    "R4": "private by default, no NAT",
    "R5": "egress proxies",
    "R6": "three of everything",
    "R7": "local balancing",
    "R8": "disaster recovery",
    "R9": "vanilla images",
    "R10": "spawn trust",
    "R11": "TLS everywhere",
    "R12": "promotion by a person",
    "R13": "signed commands",
    "R14": "rolling deploy",
    "R15": "release by manifest",
    "R16": "recovery drill",
    "R17": "encryption in transit and at rest",
    "R18": "deny by default",
    "R19": "ssh through the bastion only",
    "R20": "intrusion detection",
    "R21": "secrets of one environment",
    "R22": "data that recovery alone can read",
    "R23": "no lock-in",
    "R24": "simple emergencies",
    "R25": "central logs",
    "R26": "visible cost",
}
"""Number → the name of the rule."""


def name_rule(number: str) -> str:
    """Return a rule as messages name it: `R6: three of everything`."""
    return f"{number}: {REFERENCE_RULES[number]}"
