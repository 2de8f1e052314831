"""A CDN that shows private files as CloudFront does: a proxy that verifies, and a reference signer.

Nothing of the package is used here, so that signer and verifier do not share mistakes. Read
`credentials.py` (what a request brings, and whose signature it is), `policies.py` (what a policy
allows), `proxy.py` (the server), `signers.py` (keys, and signatures by botocore).

Each rule names the page of Amazon's developer guide that it is from, below
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ :

| short name | page |
|---|---|
| signed-urls | private-content-signed-urls.html |
| canned-url | private-content-creating-signed-url-canned-policy.html |
| custom-url | private-content-creating-signed-url-custom-policy.html |
| signed-cookies | private-content-signed-cookies.html |
| canned-cookie | private-content-setting-signed-cookie-canned-policy.html |
| custom-cookie | private-content-setting-signed-cookie-custom-policy.html |
| choosing | private-content-choosing-signed-urls-cookies.html |
| signers | private-content-trusted-signers.html |
| s3-origin | private-content-restricting-access-to-s3.html |
| quotas | cloudfront-limits.html |

Where Amazon says nothing, the proxy refuses, and the rule says "not published".
"""

from tests.support.cloudfront.proxy import CloudFront, Visit
from tests.support.cloudfront.signers import Signer

__all__ = ["CloudFront", "Signer", "Visit"]
