"""Signs a webhook with Twilio's own package: sign_twilio.py TOKEN URL PARAMS_JSON."""

import json
import sys

from twilio.request_validator import RequestValidator

token, url, params = sys.argv[1:4]
print(RequestValidator(token).compute_signature(url, json.loads(params)))
