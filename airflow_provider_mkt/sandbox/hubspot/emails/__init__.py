"""Marketing emails: records, the life of a send, and their endpoints."""
