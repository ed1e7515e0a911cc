"""base64url without padding (RFC 4648 5, RFC 7515 2), and the two parts of a token that anybody may read."""

import base64
import json


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header(token):
    return json.loads(unb64(token.split(".")[0]))


def claims(token):
    return json.loads(unb64(token.split(".")[1]))
