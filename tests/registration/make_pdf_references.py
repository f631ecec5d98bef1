"""`python -m tests.registration.make_pdf_references`: draw the reference pictures anew, to be looked at."""

import os
import sys

import pytest

if __name__ == "__main__":
    os.environ["MAKE_PDF_REFERENCES"] = "1"
    sys.exit(pytest.main(["-q", "tests/registration/test_pdf_references.py"]))
