"""Fixtures of tests/support/in_parts.py, which other folders use apart."""

from tests.support.in_parts import club, part, services

__all__ = ["club", "part", "services"]
