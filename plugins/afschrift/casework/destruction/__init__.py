"""Destroying for good: who may, on which reason, and with whose second signature."""
