"""An incoming message: what it asks, what is stored of it, and what is passed on to other desks."""
