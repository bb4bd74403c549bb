"""The register's database: transactions, tables, instants, and what its faults mean."""
