"""`afschrift ...`: a file for a few commands; heavy modules are imported when a command needs them."""
