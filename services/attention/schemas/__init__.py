"""The words of attention on the wire, one file a topic."""
