"""The only door for people and web clients: REST API, pages and the event stream."""
