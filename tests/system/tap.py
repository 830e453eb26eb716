"""A file of cases, run one after the other and told as TAP."""
import sys


class Skip(Exception):
    """What a case needs is not there; why is its text."""


def run(cases, *world, why_not=None):
    """Runs each case with what it is given; with `why_not` (a reason) all are skipped. The
    process's exit status: 1 if one failed."""
    failed = 0
    print(f'1..{len(cases)}')
    for number, case in enumerate(cases, 1):
        title = f"{number} - {case.__name__.replace('_', ' ')}"
        try:
            if why_not:
                raise Skip(why_not)
            case(*world)
            print(f'ok {title}')
        except Skip as reason:
            print(f'ok {title} # SKIP {reason}')
        except Exception as error:  # noqa: whatever it is, it is this case's
            failed += 1
            print(f'not ok {title}')
            print('#', f'{type(error).__name__}: {error}'[:2000].replace('\n', '\n# '))
        sys.stdout.flush()
    return 1 if failed else 0
