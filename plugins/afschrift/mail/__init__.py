"""Mail by SMTP: the connection to a server, and what became of a message."""
