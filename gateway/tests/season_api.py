"""One person's calls of the API over a season in one process."""


class Api:
    """`api("POST", "/contracts/…", 201, body=…)`: answers are JSON; the number is what the call must end with."""

    def __init__(self, site, who=""):
        self.client = site.client(who)

    def __call__(self, method, path, status=None, /, **body):
        sent = body if method in ("POST", "PUT") else None
        answer = self.client.open("/api/v1" + path, method=method, json=sent)
        assert answer.status_code == (status or (200 if method != "POST" else answer.status_code)), answer.get_data(
            True
        )
        assert status or answer.status_code < 400, answer.get_data(True)
        return answer.get_json()
