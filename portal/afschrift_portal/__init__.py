"""A place where people fetch encrypted answers. It keeps no key, no link and no code."""

__version__ = "0.1.0"
