"""Text from outside, read within limits: YAML, JSON and files; and any text on its way to a terminal."""
