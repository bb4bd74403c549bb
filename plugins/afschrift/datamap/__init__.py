"""The data map from a first scan to daily checks: scan, review, check, and exchange with other tools."""
