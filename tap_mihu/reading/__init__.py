"""Reading completely: windows of creation dates, and the proof that none is missing."""
