"""What all doors share: error shapes, headers, CORS, the proxy rule, body limits."""
