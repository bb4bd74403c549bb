"""Who asks, for whom, and how sure that is: identity, age, mandates."""
