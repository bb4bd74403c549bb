"""What a plan cannot decide by itself about tables, columns and files, and so asks."""
