"""`afschrift ...`: a file for each subject of commands; heavy modules are imported when a command needs them."""
