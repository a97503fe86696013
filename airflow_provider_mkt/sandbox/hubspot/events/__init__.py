"""Marketing events: records, participations, associated lists, app settings and their endpoints."""
