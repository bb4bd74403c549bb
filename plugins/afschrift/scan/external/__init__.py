"""What another tool's description of a database says, as a draft of the data map."""
