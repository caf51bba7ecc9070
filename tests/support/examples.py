"""How many examples a property draws that draws more, or fewer, than the others."""

from hypothesis import settings


def examples(everyday):
    """Return this number of examples; in a quick run or a soak, its share of what other properties draw."""
    usual = settings.get_profile("everyday").max_examples
    return max(1, everyday * settings.default.max_examples // usual)
