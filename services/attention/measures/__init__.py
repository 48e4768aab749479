"""How much each token and head counts, and how far that can be believed."""
