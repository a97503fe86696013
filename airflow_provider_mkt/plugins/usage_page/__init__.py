"""The page *Marketing platforms*: how the accounts' limits are used, and what the latest tasks did."""
