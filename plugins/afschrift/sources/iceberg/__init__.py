"""Iceberg, read by its metadata and manifests."""
