from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from portinfra.reach.addresses import LAST, AddressSpace, bounds, overlap, size, size_public

networks = st.builds(
    lambda address, prefix: str(IPv4Network((address, prefix), strict=False)),
    st.one_of(st.integers(0, LAST), st.sampled_from([0, 1, LAST, LAST - 1, 10 << 24])),
    st.integers(0, 32),
)


@given(st.lists(networks, max_size=8), st.integers(0, LAST))
def test_every_address_is_in_one_atom_that_knows_its_ranges(cidrs, address):
    space = AddressSpace.cut(cidrs)
    assert [atom.first for atom in space.atoms[1:]] == [atom.last + 1 for atom in space.atoms[:-1]]
    assert (space.atoms[0].first, space.atoms[-1].last) == (0, LAST)
    ends = {end for cidr in cidrs for end in bounds(cidr)}
    for one in {address, *ends, *(end + 1 for end in ends if end < LAST), *(end - 1 for end in ends if end)}:
        atom = space.atom(one)
        assert atom.first <= one <= atom.last
        assert atom.cidrs == {cidr for cidr in cidrs if bounds(cidr)[0] <= one <= bounds(cidr)[1]}


@given(networks, networks)
def test_what_two_ranges_share_is_the_smaller_of_nested_ones(one, other):
    shared = overlap([bounds(one)], [bounds(other)])
    a, b = IPv4Network(one), IPv4Network(other)
    assert size(shared) == (min(a.num_addresses, b.num_addresses) if a.overlaps(b) else 0)


def test_private_addresses_are_nobodys_on_the_internet():
    assert size_public([bounds("10.0.0.0/8")]) == 0
    assert size_public([bounds("203.0.113.0/24")]) == 256
    assert size_public([bounds("10.0.0.0/7")]) == 2**24
