"""What officers do with a delivery: look, renew, revoke, give it again, and report that it went wrong."""
