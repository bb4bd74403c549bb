"""Where bundles go. Adding a destination is a file and a line in the registry."""
