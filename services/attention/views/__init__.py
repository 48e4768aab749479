"""Attention out of anybody's model: read, checked, described."""
