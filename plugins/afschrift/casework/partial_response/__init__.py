"""An answer in parts: what is not in doubt goes now, and a supplement follows."""
