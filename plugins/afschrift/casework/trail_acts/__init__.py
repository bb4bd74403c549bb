"""What two people decide about the trail itself: that it was restored, and what in it was forged."""
