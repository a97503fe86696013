"""Account information, OAuth, credentials and API usage."""
