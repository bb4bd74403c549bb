"""Measurements that stand beside the figures in the documentation."""
