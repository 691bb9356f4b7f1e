"""`make bench`: ratios measured side by side in one run, against an honest ordinary application. See README.md."""
