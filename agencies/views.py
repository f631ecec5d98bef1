"""The agency picker: a fragment for the dialog, and a whole page for browsers without JavaScript."""

import hashlib
import posixpath
from urllib.parse import parse_qsl, unquote, urlsplit

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import override
from django.views.decorators.http import require_safe

from agencies.models import Agency
from agencies.search import MAX_QUERY, search_agencies
from agencies.tree import build_tree

NEXT_PREFIX = "/dang-ky/"
DEFAULT_NEXT = "/dang-ky/to-khai/"
FRAGMENT_SECONDS = 300
MAX_RESULTS = 20

_fragment: tuple[str, str] = ("", "")


@require_safe
def tree(request: HttpRequest) -> HttpResponseBase:
    """The offices to choose from.

    `q` searches instead; `fragment=1` answers with the bare list that the dialog shows; without it, the page
    sends `agency=<code>` by GET to `next`, a path of ours under /dang-ky/ (else the declaration form).
    """
    query = request.GET.get("q", "").replace("\0", "")[:MAX_QUERY].strip()
    if request.GET.get("fragment"):
        return _fragment_response(request, query)
    next_path, next_fields = split_next(request.GET.get("next", ""))
    results, more = _search(query)
    context = {
        "query": query,
        "chosen": request.GET.get("agency", ""),
        "next": request.GET.get("next", ""),
        "next_path": next_path,
        "next_fields": next_fields,
        "results": results,
        "more": more,
        "tree": [] if query else build_tree(),
    }
    return render(request, "agencies/tree.html", context)


def split_next(target: str) -> tuple[str, list[tuple[str, str]]]:
    """The path to go back to and its query, without `agency`. Paths outside /dang-ky/ are replaced."""
    # Browsers resolve "%2e%2e" and backslashes as they do "..", so the path is judged as they will see it.
    parts = urlsplit(target) if url_has_allowed_host_and_scheme(target, allowed_hosts=None) else urlsplit("")
    seen = unquote(parts.path)
    plain = posixpath.normpath(seen) + ("/" if seen.endswith("/") else "")
    if parts.netloc or "\\" in seen or plain != seen or not seen.startswith(NEXT_PREFIX):
        return DEFAULT_NEXT, []
    return parts.path, [(name, value) for name, value in parse_qsl(parts.query) if name != "agency"]


def _fragment_response(request: HttpRequest, query: str) -> HttpResponseBase:
    """Public and the same for everyone, in every language: it may be kept by browsers and proxies."""
    content = _results_html(query) if query else _tree_html()
    etag = f'"{hashlib.sha256(content.encode()).hexdigest()[:20]}"'
    headers = {
        "Cache-Control": f"public, max-age={FRAGMENT_SECONDS}",
        "Content-Language": "vi",
        "ETag": etag,
    }
    response = HttpResponse(content, headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response


def _results_html(query: str) -> str:
    results, more = _search(query)
    return render_to_string("agencies/_results.html", {"results": results, "more": more})


def _search(query: str) -> tuple[list[Agency], bool]:
    """The best results, and whether there are more than are shown."""
    found = search_agencies(query, MAX_RESULTS + 1)
    return found[:MAX_RESULTS], len(found) > MAX_RESULTS


def _tree_html() -> str:
    """The tree fragment, made once a process until an agency changes: it takes some 20 ms at 500 offices."""
    global _fragment
    version = Agency.objects.version()
    if _fragment[0] != version:
        with override("vi"):
            _fragment = (version, render_to_string("agencies/_tree.html", {"tree": build_tree()}))
    return _fragment[1]
