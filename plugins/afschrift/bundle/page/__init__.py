"""`index.html` and `README.txt`, which the person opens."""
