"""Reconciliation of what is read with the source's own texts: what the sources share for it."""
