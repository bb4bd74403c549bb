"""A synthetic person who was planted in the sources, and asks every day: what of them an answer finds."""
