"""Singer tap for the contacts of a Mihu workspace."""
