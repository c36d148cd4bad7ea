"""HTTP: from a question to the body of a response."""
