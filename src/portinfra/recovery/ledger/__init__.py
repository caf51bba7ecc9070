"""The ledger of an end: recovery points, takeovers, drills and runs."""
