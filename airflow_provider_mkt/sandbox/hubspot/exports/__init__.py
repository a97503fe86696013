"""Exports of records to files."""
