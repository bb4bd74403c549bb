"""The installation in use: health, the check of its parts, figures, and the sweep of abandoned runs."""
