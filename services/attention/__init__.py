"""attention: who looks at whom inside a transformer, for any sentence: every layer, every head, every number."""
