"""The classes of findings, by the beginnings of their rules: the class decides error and exit code."""

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
"""About what was declared or given: it makes no sense, or the provider cannot do it. Validation raises its
other findings about recovery plans itself.
"""

FORBIDDEN = ("check/", "cloud/data-loss", "plan/", "recovery/")
"""Portinfra's other rules: what was given makes sense, and may not be done. A user's own rules belong here,
too. Where both tables have a beginning of a rule, `GIVEN` counts.
"""

OURS = frozenset(rule.partition("/")[0] for rule in GIVEN + FORBIDDEN)
"""The first names of portinfra's own rules. No rule of a user begins with one."""


def is_about_given(rule: str) -> bool:
    """Return whether a rule is about what was given, and not about what may not be done."""
    return rule.startswith(GIVEN)
