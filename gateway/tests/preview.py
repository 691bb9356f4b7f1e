"""Serve the pages with invented people, to look at them: `python gateway/tests/preview.py [port]` (0: any free port).

Pages of services answer "unavailable" here; the gateway's own pages are complete. /connexion lists who one can be.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gateway_fakes import make_gateway
from werkzeug.serving import make_server


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    folder = Path(tempfile.mkdtemp(prefix="grenier-preview-"))
    app = make_gateway(folder, now=time.time)
    server = make_server("127.0.0.1", port, app, threaded=True)
    print(f"http://127.0.0.1:{server.port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
