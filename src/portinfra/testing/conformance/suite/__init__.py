"""The tests by subject. `ProviderConformance` has all of them."""
