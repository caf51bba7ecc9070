"""Public addresses of a site behind NAT, and which host gets which."""

import re
from collections.abc import Iterable

from portinfra_libvirt.site import Site


def preferred_address(name: str, addresses: tuple[str, ...], taken: Iterable[str]) -> str | None:
    """Return the address for a host without one: for `web2` the second address if it is free, else the first
    free.

    Return None if no address is free.
    """
    number = re.search(r"(\d+)$", name)
    first = (int(number[1]) - 1) % len(addresses) if number and addresses else 0
    free = [each for each in (*addresses[first : first + 1], *addresses) if each not in set(taken)]
    return next(iter(free), None)


def full(site: Site) -> tuple[str, str]:
    """Return the message and the fix for a site with more public hosts than addresses."""
    count = len(site.public)
    return (
        f"the site {site.name} has {count} public address{'' if count == 1 else 'es'}, and all are in use",
        f'Add an address to public of site "{site.name}" in the file of sites, or make fewer hosts public.',
    )
