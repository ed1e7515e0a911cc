"""A loopback endpoint that answers S3's ListBuckets and keeps what it was asked; and AWS's Signature Version 4, computed again."""

import hashlib
import hmac
import http.server
import re
import threading

_EMPTY_LIST = (b'<?xml version="1.0" encoding="UTF-8"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
               b"<Owner><ID>o</ID></Owner><Buckets><Bucket><Name>reads</Name></Bucket></Buckets></ListAllMyBucketsResult>")

# What a program of boto3 is: it lists the buckets of the endpoint that it is told.
BOTO3 = """
import boto3, sys
print([bucket["Name"] for bucket in boto3.client("s3", endpoint_url=sys.argv[1], region_name="eu-central-1").list_buckets()["Buckets"]])
"""


class Endpoint:
    """with Endpoint() as endpoint: … endpoint.url; endpoint.requests is [(method, path, headers)]."""

    def __enter__(self):
        requests = self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(200)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(_EMPTY_LIST)))
                self.end_headers()
                self.wfile.write(_EMPTY_LIST)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def authorization(headers):
    """The parts of an Authorization header of Signature Version 4."""
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                         r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", headers.get("authorization", ""))
    if not found:
        raise AssertionError(f"no signature of version 4: {headers}")
    names = ("access_key_id", "date", "region", "service", "signed_headers", "signature")
    return dict(zip(names, found.groups(), strict=True))


def signature(request, secret_access_key):
    """What the signature of this request must be: AWS's documentation, "Create a signed AWS API request"."""
    method, path, headers = request
    parts = authorization(headers)
    names = parts["signed_headers"].split(";")
    path, _, query = path.partition("?")
    query = "&".join(sorted(pair if "=" in pair else pair + "=" for pair in query.split("&") if pair))
    canonical = "\n".join([method, path, query, *(f"{name}:{' '.join(headers[name].split())}" for name in names), "",
                           parts["signed_headers"], headers["x-amz-content-sha256"]])
    scope = f"{parts['date']}/{parts['region']}/{parts['service']}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret_access_key.encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()
