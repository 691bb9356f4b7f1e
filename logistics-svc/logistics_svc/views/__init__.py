"""Questions people ask about goods, one file each."""
