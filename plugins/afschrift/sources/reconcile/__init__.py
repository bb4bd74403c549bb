"""Reconciliation of extracted rows with sums over the source's own texts: code that the sources share."""
