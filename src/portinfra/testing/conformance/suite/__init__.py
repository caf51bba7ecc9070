"""The tests, by what they are about; `ProviderConformance` is all of them."""
