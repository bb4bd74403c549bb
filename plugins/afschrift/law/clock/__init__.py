"""When an answer is due, and what moves that day (R37-R45)."""
