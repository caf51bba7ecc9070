"""`trust`: the authority and the tokens by which new hosts get their certificates."""
