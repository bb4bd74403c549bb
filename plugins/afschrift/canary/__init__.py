"""The synthetic person who asks every day: the signed decision, the rows, and what an answer finds."""
