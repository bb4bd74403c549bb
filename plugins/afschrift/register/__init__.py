"""The register: requests, decisions, audit trail. A state change and its event commit in one transaction."""
