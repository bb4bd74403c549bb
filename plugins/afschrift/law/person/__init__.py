"""Who may ask: age, mandate, and how sure an identity must be."""
