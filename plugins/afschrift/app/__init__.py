"""An installation: its settings, roles and jurisdiction, from the environment and from files."""
