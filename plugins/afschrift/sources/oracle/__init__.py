"""What the oracles of sources share: a database's own texts of value forms, and second readings."""
