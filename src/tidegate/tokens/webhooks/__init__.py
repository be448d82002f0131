"""What identity providers tell of their users: a session ended, a user banned, deleted or changed."""
