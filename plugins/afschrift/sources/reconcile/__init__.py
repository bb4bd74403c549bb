"""What is read held against the source's own texts of its values: what the sources share for it."""
