"""The installation in use: health, the check of its parts, and the daily sweep of what runs left behind."""
