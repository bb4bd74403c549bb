"""An answer in parts: what is not in doubt is given now, and a supplement follows."""
