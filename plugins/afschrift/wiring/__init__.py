"""The one place where adapters, register and use cases are put together."""
