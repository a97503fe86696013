"""Static lists, smart lists and memberships."""
