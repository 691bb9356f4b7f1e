"""Answers that put several views together, each with a fixed number of reads."""
