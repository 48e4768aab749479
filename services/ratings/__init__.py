"""What will this user think of that movie: predicted stars with an interval, part by part, and what to watch next."""
