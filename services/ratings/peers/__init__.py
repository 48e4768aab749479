"""Other people's models, on the same rows as ours and in the same run.

Their packages come with the dependency group `peers`; what is not installed is left out. Seconds are CPU seconds of
this process while a model is fitted, not while it answers.
"""
