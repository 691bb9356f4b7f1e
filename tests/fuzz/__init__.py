"""The gateway attacked from its own description: the API as each role, the forms of the pages, fields, errors (T32-T34, T37)."""
