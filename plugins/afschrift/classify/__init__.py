"""Which columns and rows of a table go into the answer: the decisions of `core` over the inventory."""
