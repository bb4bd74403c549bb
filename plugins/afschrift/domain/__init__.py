"""The types that everything shares: rights, origins, decisions on columns, plan, events, errors. No I/O."""
