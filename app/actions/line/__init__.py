"""The line: how a contact waits, what time changes, how it is moved, called back or called off."""
