"""Holds, complaints and reviews of restrictions, on open requests and on closed ones."""
