"""Mail by SMTP: the connection to a server, and the outcome of a message."""
