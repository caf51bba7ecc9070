"""What a provider is, and how those installed are found."""
