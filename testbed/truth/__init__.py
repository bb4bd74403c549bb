"""Databases classified by hand, and how a proposed data map is judged by them (tests/truth)."""
