"""The classes of findings, by the prefix of their rules. The class decides error type and exit code."""

GIVEN = (
    "catalogue/",
    "cloud/no-copies",
    "cloud/snapshot",
    "declaration/",
    "environment/",
    "hcl/",
    "hosts/",
    "options/",
    "placement/",
    "provider/",
    "recovery/lock",
    "recovery/prober",
    "resource/",
    "service/",
    "topology/",
)
"""Rules about declared or given values: they make no sense, or the provider cannot do them. Validation itself
raises its other findings about recovery plans.
"""

FORBIDDEN = ("check/", "cloud/data-loss", "plan/", "recovery/")
"""All other rules of portinfra: the values make sense, and the action is not allowed. A user's own rules
belong here, too. If both tables have a prefix of a rule, `GIVEN` counts.
"""

OURS = frozenset(rule.partition("/")[0] for rule in GIVEN + FORBIDDEN)
"""The first names of portinfra's own rules. No rule of a user may begin with one."""


def is_about_given(rule: str) -> bool:
    """Return whether a rule is about given values, and not about an action that is not allowed."""
    return rule.startswith(GIVEN)
