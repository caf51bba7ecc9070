"""Values as text for a person: results to standard output, progress and errors to standard error."""
