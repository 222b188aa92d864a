"""A second person's look: asked for by the gate of a case, decided here."""
