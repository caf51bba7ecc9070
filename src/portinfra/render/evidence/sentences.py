"""Sentences of evidence that the console and the HTML page share."""

UNREAD_ENTRIES = "These entries of the ledger could not be read, and may be of newer data"
