"""Opportunities, and the roles that leads have in them."""
