"""`index.html` and `README.txt`: what the person opens."""
