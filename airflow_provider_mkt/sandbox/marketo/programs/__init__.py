"""Programs: members, tokens, tags, channels, cloning and enrolment."""
