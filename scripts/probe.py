"""Whether this machine's web process answers: Docker's health check. A path may be given (default /healthz)."""

import os
import sys
import urllib.request

host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}{(sys.argv[1:] or ['/healthz'])[0]}"
# By a name that the product answers to: a stranger's Host header is refused.
print(urllib.request.urlopen(urllib.request.Request(address, headers={"Host": host}), timeout=4).read().decode())
