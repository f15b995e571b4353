"""Judges signatures with Twilio's Python library, and makes its own: JSON in, JSON out."""

import json
import sys

from twilio.request_validator import RequestValidator

answers = []
for case in json.load(sys.stdin):
    validator = RequestValidator(case["token"])
    algorithm = "HMAC_SHA256" if case["sha256"] else "HMAC_SHA1"
    params = case["form"] if case["json"] is None else case["json"]
    accepted = validator.validate(case["url"], params, case["signature"], algorithm)
    signature = validator.compute_signature(case["url"], case["form"], algorithm)
    answers.append([bool(accepted), signature])
json.dump(answers, sys.stdout)
