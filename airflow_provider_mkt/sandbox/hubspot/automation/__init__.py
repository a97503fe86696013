"""Sequences and workflows: what they are, who is in them, and their endpoints."""
