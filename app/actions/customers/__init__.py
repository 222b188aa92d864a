"""Who a customer is, who speaks for them, and how they are forgotten."""
