"""The texts in the records of a provider: the lease of a scope, and the entries of a ledger."""
