"""Named accounts and lists of them."""
