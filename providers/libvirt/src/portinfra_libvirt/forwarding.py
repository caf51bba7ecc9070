"""Public addresses of a site behind NAT: which host gets which."""

import re
from collections.abc import Iterable

from portinfra_libvirt.site import Site


def preferred_address(name: str, addresses: tuple[str, ...], taken: Iterable[str]) -> str | None:
    """The address for a host that has none yet: `web2` gets the second where that is free, else the first
    that is. None where none is free.
    """
    number = re.search(r"(\d+)$", name)
    first = (int(number[1]) - 1) % len(addresses) if number and addresses else 0
    free = [each for each in (*addresses[first : first + 1], *addresses) if each not in set(taken)]
    return next(iter(free), None)


def full(site: Site) -> tuple[str, str]:
    """What is told where there are more public hosts than addresses, and what to do."""
    count = len(site.public)
    return (
        f"the site {site.name} has {count} public address{'' if count == 1 else 'es'}, and all are taken",
        f'Add one to public of site "{site.name}" in the file of sites, or first make fewer hosts public.',
    )
