"""The register's database: transactions, tables, triggers, and the errors that its faults become."""
