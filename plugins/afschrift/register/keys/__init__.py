"""Keys of the installation and data keys of requests: where they are stored, and what they encrypt."""
