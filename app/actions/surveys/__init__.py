"""What the customer is asked after a resolution, and what follows from the answer."""
