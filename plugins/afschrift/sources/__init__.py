"""Adapters that read warehouses: a read-only session on one snapshot, and batches in flat memory."""
