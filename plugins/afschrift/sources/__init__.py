"""Adapters that read warehouses: one read-only session, one snapshot, batches in flat memory."""
