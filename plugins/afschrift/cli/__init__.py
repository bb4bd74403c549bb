"""`afschrift ...`: one command a file; heavy modules are imported when a command needs them."""
