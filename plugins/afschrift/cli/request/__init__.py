"""`afschrift request`: one request, its timeline, and the facts that move its clock."""
