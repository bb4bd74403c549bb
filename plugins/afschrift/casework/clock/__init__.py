"""Recording what moves a request's clock, and saying when it is due and why."""
