"""Keys of the installation and of requests: where they lie, and what is encrypted under them."""
