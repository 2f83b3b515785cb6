"""Says what is proved, a line each, and counts."""

import sys
import time
import traceback

_counts = {"passed": 0, "failed": 0}
_began = time.monotonic()
_facts = []


def story(title):
    print(f"\n== {title} ({time.monotonic() - _began:.0f} s)", flush=True)


def check(condition, what, detail=""):
    """One thing that is so, or is not; what follows is tried in any case."""
    _counts["passed" if condition else "failed"] += 1
    shown = str(detail)
    print(f"  {'ok  ' if condition else 'FAIL'} {what}" + (f": {shown[:1500]}" if shown and not condition else ""), flush=True)
    return bool(condition)


def fact(text):
    """A figure, told again at the end."""
    _facts.append(text)
    print(f"       {text}", flush=True)


def tell(function, *arguments):
    """Runs a story; one that cannot go on has failed, and the others are told all the same."""
    try:
        function(*arguments)
    except Exception:
        _counts["failed"] += 1
        print(f"  FAIL {function.__module__}.{function.__name__} could not go on:", flush=True)
        traceback.print_exc(file=sys.stdout)


def close():
    print("\n== Figures")
    for text in _facts:
        print(f"   {text}")
    print(f"\nimage: {_counts['passed']} passed, {_counts['failed']} failed, in {time.monotonic() - _began:.0f} s", flush=True)
    return 1 if _counts["failed"] else 0
