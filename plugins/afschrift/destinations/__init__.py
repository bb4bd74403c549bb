"""Where bundles go. Adding a kind of destination is a file and a line in the registry."""
