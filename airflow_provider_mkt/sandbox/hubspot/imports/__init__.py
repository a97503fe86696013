"""Imports: files of contacts, read in the background over the clock."""
