"""The data map as code: what tables hold, whose data it is, its origin, and the purposes it serves."""
