"""The words of ratings on the wire, one file a topic."""
