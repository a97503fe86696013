"""Leads: fields, upserts, push, forms, merging and memberships."""
