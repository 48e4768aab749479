"""The newsletter's recommender as it stands there, and what each of its choices was worth: see NEWSLETTER.md."""
