"""What the shop does when an action is called: a store in memory, small enough to read in one go."""
