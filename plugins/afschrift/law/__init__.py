"""The law as pure functions, each with its rule ids. No I/O."""
