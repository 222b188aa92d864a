"""The times in which customers are to be answered and helped, in working hours."""
