"""Emails: content, samples and sending."""
