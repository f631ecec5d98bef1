"""Password hashing."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PortalArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's smaller set of parameters: 19 MiB, 2 passes, 1 lane.

    Django's defaults take 100 MB and some 140 ms a hash; a worker that makes one password for every approval
    cannot afford that, and OWASP's password storage sheet counts both sets as equally strong.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
