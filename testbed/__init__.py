"""What tests and measurements share: a small shop, a PostgreSQL, requests taken through the steps, readers."""
