"""The data map as code: what the tables hold, whose it is, where it comes from and why it is kept."""
