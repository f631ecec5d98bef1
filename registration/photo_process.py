"""`python -m registration.photo_process KIND`: one large photo from standard input, made safe to keep.

Writes a line of JSON, then the stored picture and its print copy (registration.decoding reads them); or, in that line,
the code of the refusal. It needs no settings and no secrets.
"""

import json
import resource
import sys
from io import BytesIO

from registration.images import normalise
from registration.photo_formats import ImageRefused

# Seconds of one processor, and bytes of address space with the libraries: far beyond what any photo needs.
CPU_SECONDS, ADDRESS_BYTES = 15, 1000 * 1000 * 1000


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # nobody's photo on the disk
    try:
        image = normalise(BytesIO(sys.stdin.buffer.read()), sys.argv[1])
    except ImageRefused as refusal:
        sys.stdout.write(json.dumps({"refused": refusal.code}) + "\n")
        return
    told = {
        "width": image.width,
        "height": image.height,
        "sha256": image.sha256,
        "quality": image.quality,
        "size": len(image.content),
    }
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + image.content + image.print_content)


if __name__ == "__main__":
    main()
