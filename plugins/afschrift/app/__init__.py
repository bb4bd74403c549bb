"""An installation: its settings, roles and jurisdiction, read from the environment and from its files."""
