"""Tasks of what runs once a day by itself: the canary, and the checkpoint of the trail."""
