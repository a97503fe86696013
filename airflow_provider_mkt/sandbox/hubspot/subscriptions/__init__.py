"""Subscription types, who is subscribed, and the endpoints of both APIs."""
