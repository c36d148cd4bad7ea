"""Records: from the body of a response to rows."""
