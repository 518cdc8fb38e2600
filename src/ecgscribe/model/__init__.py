"""What is learned, and what it sees: features in, scores out."""
