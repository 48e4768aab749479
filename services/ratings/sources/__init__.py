"""Ratings from anywhere -> Dataset: each form of file becomes raw tables, and one code looks at all their rows."""

from services.ratings.sources.reading import Imported, read_ratings_file, read_source

__all__ = ["Imported", "read_ratings_file", "read_source"]
