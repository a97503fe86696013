"""Forms, and what people submit with them. None of these paths has a dated version."""

from __future__ import annotations

DEFINITIONS = "/marketing/v3/forms"
SUBMISSIONS = "/form-integrations/v1/submissions/forms"
SUBMIT = "/submissions/v3/integration"
"""On HubSpot's host for forms, which here is the same as that of the API."""
SCOPES = ("forms",)
READ = ("forms", "forms-uploaded-files")
