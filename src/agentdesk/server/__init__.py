"""What runs without people: accounts, intake, delivery, the feed for desks, the REST API."""
