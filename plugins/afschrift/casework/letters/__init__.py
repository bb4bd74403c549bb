"""Making and sending the letters of a request."""
