"""Confirming what is proposed, at a terminal or on a page, and writing the answers into the map's files."""
