"""What Grenier is made of (a bill of materials) and which known vulnerabilities that has: T40, ASVS 15.1.2."""
