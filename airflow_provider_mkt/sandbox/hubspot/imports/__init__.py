"""CRM imports."""
