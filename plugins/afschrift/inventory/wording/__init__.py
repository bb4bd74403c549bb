"""What the words of the files mean, and what is wrong with them, for whoever writes the files."""
