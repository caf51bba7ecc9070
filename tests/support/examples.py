"""How many examples a property draws that draws more, or fewer, than the others."""

from hypothesis import settings


def examples(everyday):
    """Return this number of examples; in a quick run, the share of them that other properties draw there."""
    quick, usual = settings.get_profile("quick").max_examples, settings.get_profile("everyday").max_examples
    is_quick = settings.default.max_examples == quick
    return max(1, everyday * quick // usual) if is_quick else everyday
