"""A case and all that belongs to it: contacts, story, playbook, touches, clocks, promises, checks, surveys."""
