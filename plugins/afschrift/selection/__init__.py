"""Whose rows, which columns, which SQL: from the inventory and the person's keys to statements."""
