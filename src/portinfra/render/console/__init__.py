"""Results as text for a person: results go to standard output, progress and errors to standard error."""
