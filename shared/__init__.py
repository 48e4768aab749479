"""What every process has in common; imports none of them."""

__version__ = "0.1.0"
