"""Compares columns by salted hashes of their values, whatever they are called; keeps no value."""
