"""Definitions of contact properties, and the groups they are shown in."""
