"""`afschrift request`: one request, its timeline, and what moves its clock."""
