"""Keys of issuers that operators refuse: on every replica, and on those that start later."""
