"""Where photos and PDFs are kept: a folder, or an S3-compatible store where S3_BUCKET names one."""

from typing import Any

from portal import rules
from portal.environment import Environment

ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")


def private_store(env: Environment, media_root: str) -> dict[str, Any]:
    """The entry of STORAGES; nothing in it has a public address."""
    bucket = env.text("S3_BUCKET")
    if not bucket:
        folder = {"location": media_root, "base_url": None}
        return {"BACKEND": "registration.disk.PrivateFolder", "OPTIONS": folder}
    endpoint = env.text("S3_ENDPOINT_URL", rule=rules.web_address, strict=rules.https_or_this_machine)
    encryption = env.text("S3_ENCRYPTION", ENCRYPTIONS[0], rule=rules.one_of(*ENCRYPTIONS))
    options: dict[str, Any] = {
        "bucket_name": bucket,
        "endpoint_url": endpoint or None,
        "region_name": env.text("S3_REGION") or None,
        "access_key": env.text("S3_ACCESS_KEY") or None,
        "secret_key": env.text("S3_SECRET_KEY") or None,
        "default_acl": "private",
        "file_overwrite": False,
        "object_parameters": {"ServerSideEncryption": encryption},
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
