"""Every number of one layer, with the words that explain it."""
