"""The one door for every contact, whichever edge it came through: new ones in groups, reports about known ones singly.

Decides which of its two ways a signal takes. It never decides what a signal means (the actions do).
"""

from app.actions.contacts.contact import Contact
from app.intake.intake import Intake

__all__ = ["Contact", "Intake"]
