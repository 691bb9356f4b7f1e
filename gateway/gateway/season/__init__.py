"""What the pages of a season share: words, what people type as the terms of a contract, and lines of lists."""
