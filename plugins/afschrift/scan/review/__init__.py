"""Confirming what is proposed: what is alike is one question, and answers go into the inventory's files."""
