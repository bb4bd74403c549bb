"""The synthetic person who asks every day: the signed decision that they may, and what each check came to."""
