"""Whether this machine's web process answers well: Docker's health check. A path may be given (default /healthz).

Prints the answer; ends with 1 where it is no good one, or none came.
"""

import os
import sys
import urllib.error
import urllib.request

host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}{(sys.argv[1:] or ['/healthz'])[0]}"
try:
    # By a name that the product answers to: a stranger's Host header is refused.
    answer = urllib.request.urlopen(urllib.request.Request(address, headers={"Host": host}), timeout=4)
except urllib.error.HTTPError as error:
    print(error.read().decode(errors="replace"))  # which part is not well
    sys.exit(1)
except OSError as error:
    sys.exit(f"{address} does not answer: {error}")
print(answer.read().decode())
