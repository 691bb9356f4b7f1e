"""Reading and sending the forms of a season as a browser without a script does."""

import html
import re


def words(page) -> str:
    return html.unescape(page.text).replace("\u202f", " ").replace("\xa0", " ")


def send(client, path, status=302, **fields):
    if "HTTP_AUTHORIZATION" not in client.environ_base:  # somebody without an account carries the page's own token
        fields["csrf_token"] = fields_of(client.get(path).text)["csrf_token"]
    page = client.post(path, data=fields)
    assert page.status_code == status, words(page)[-1500:]
    return page


def read(client, path, status=200) -> str:
    page = client.get(path)
    assert page.status_code == status, words(page)[-1500:]
    return words(page)


def fields_of(page) -> dict[str, list[str]]:
    """Every named field of a page as a browser would send it back."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") in ("checkbox", "radio") and not re.search(r"\bchecked\b", tag):
            continue
        if said.get("name"):
            found.setdefault(said["name"], []).append(html.unescape(said.get("value", "on")))
    for name, body in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>([^<]*)', page):
        found.setdefault(name, []).append(html.unescape(body))
    for name, body in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?', body)
        found.setdefault(name, []).append(
            next((value for value, on in options if on), options[0][0] if options else "")
        )
    return found


def fill(built, contract_id, **more):
    options = built.call("contract", "Camille", contract_id=contract_id)["terms"]["options"]
    return {f"quantity.{options[0]['option_id']}": "1"} | more
