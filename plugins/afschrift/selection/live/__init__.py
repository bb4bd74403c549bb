"""The data map held against the sources as they are: findings of `inventory check --live`."""
