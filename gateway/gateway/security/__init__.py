"""Who is there, and is this request really theirs: sessions, passwords, links, tokens, CSRF, headers, limits."""
