"""What a verified subject gets: a user id, a life, a token."""
