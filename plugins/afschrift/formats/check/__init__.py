"""Each file is read again by another library than its writer and held against the extraction."""
