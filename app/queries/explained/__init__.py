"""Why a contact went where it went, and what would happen to another: now, or as things stood at a past instant."""
