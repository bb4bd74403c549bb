"""The audit trail: appended, signed, verified, exported."""
