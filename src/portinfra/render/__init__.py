"""Values as JSON documents, text, Markdown, HTML and diagrams: it shows what the verbs return."""
