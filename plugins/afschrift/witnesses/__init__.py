"""Places for checkpoints of the trail that the register's operators cannot write."""
