"""The ledger: register, audit trail and keys. A state change and its event commit in one transaction."""
