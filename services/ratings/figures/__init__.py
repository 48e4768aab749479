"""Pictures of the ratings and of what was learned from them: the newsletter's, and two of reliability."""
