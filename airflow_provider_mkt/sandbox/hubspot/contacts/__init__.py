"""Contacts: records, properties, search and their endpoints."""
