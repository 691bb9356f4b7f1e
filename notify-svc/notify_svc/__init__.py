"""Templates, announcements, reminders and the mail outbox."""
