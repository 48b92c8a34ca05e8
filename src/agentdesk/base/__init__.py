"""What every floor may use: errors, time, identifiers, tasks, texts. Knows nothing of customer service."""
