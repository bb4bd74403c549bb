"""What a person can do with a request or a case, as one table that terminal, pages and HTTP are made from."""
