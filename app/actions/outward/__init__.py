"""Everything that leaves the house: commands, notices, and what other systems are told."""
