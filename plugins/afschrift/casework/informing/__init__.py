"""Inform the person of an answer that is ready: by mail to a verified address, else by an officer."""
