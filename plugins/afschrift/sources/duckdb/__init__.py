"""DuckDB files, and Parquet lakes read by DuckDB."""
