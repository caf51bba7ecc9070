"""The sentences about recovery that report success.

A test compares each with the simulator's own records over random histories. It fails for a name that never
occurs.
"""

from collections.abc import Mapping

RECOVERY_ASSURANCES: Mapping[str, str] = {
    "ok": "{recovery}: ok.",
    "age of data": "Data: at most {age} old of {rpo} (rpo){lacking}.",
    "covered": "{role}: a point has {covered} of {volumes}.",
    "restorable": "{points}, {restorable} restorable.",
    "passed": "{kind} {id} passed",
    "measured age": "Data: {age} old; the rpo is {rpo}.",
    "nothing left": "The drill copy is deleted.",
    "source stopped": "The source was stopped first.",
    "fenced": "{environment} is fenced: {hosts} off, and no apply starts them.",
    "standby": "Hosts of the target run as a standby. No flow from the internet reaches them.",
    "nothing to sweep": "No drill, takeover or refresh has left anything.",
}
"""Name → sentence."""


def recovery_assurance(name: str, **values: object) -> str:
    """Return one of these sentences."""
    return RECOVERY_ASSURANCES[name].format(**values)
