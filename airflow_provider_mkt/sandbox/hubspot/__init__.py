"""HubSpot, emulated: contacts, campaigns, marketing emails, account, OAuth and the two legacy calls."""
