"""From the inventory to SQL: who a row is about, what is selected, in which order. Values are bound."""
