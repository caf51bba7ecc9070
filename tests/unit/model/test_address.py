from hypothesis import given
from hypothesis import strategies as st

from portinfra.model.address import NAME_MAX, RESOURCE_NAME_MAX, Address, Scope

LABEL = st.from_regex(r"[a-z]([-a-z0-9]{0,22}[a-z0-9])?", fullmatch=True)
RESOURCE = st.from_regex(r"[a-z]([-a-z0-9]{0,52}[a-z0-9])?", fullmatch=True)
SCOPE = st.builds(Scope, LABEL, LABEL)


def test_an_address_is_a_string_of_kind_and_name():
    address = Address("volume.db1-data")
    assert (address.kind, address.name) == ("volume", "db1-data")
    assert address == "volume.db1-data"


def test_a_short_name_shows_the_whole_scope():
    name = Scope("payments", "production").native_name("web1")
    assert name.startswith("payments-production-web1-")
    assert name.endswith(Scope("payments", "production").hash)


@given(SCOPE, RESOURCE)
def test_a_native_name_is_a_label_that_tells_its_resource_again(scope, resource):
    assert len(resource) <= RESOURCE_NAME_MAX
    name = scope.native_name(resource)
    assert len(name) <= NAME_MAX
    assert scope.resource_name(name) == resource


@given(SCOPE, SCOPE, RESOURCE)
def test_another_scopes_name_is_not_ours(ours, theirs, resource):
    if ours != theirs:
        assert ours.resource_name(theirs.native_name(resource)) is None


def test_a_script_imports_it_from_the_package():
    import portinfra

    assert portinfra.Address is Address
