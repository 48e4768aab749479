"""The words on the wire, one file a topic."""
