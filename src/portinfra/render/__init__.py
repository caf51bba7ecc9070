"""The results of the verbs as JSON documents, text, Markdown, HTML and diagrams."""
