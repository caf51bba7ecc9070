"""What a person sees: it shows what `workflow` returns, and decides nothing."""
