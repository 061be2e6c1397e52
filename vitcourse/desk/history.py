"""What git knows of the course's notebooks: the versions that were committed, and whether a file differs from them."""

import subprocess

VERSIONS = 50  # of one notebook: so far back somebody's copy may come from


def versions(repo, path):
    """Yield the committed texts of a file, newest first; nothing where there is no git or no history.

    Args:
        repo: the checkout.
        path: the file's, relative to it, with slashes.
    """
    commits = _git(repo, "log", f"--max-count={VERSIONS}", "--format=%H", "HEAD", "--", path) or ""
    for commit in commits.split():
        text = _git(repo, "show", f"{commit}:./{path}")
        if text is not None:
            yield text


def committed(repo, path):
    """Return a file's text as it is committed, or None."""
    return _git(repo, "show", f"HEAD:./{path}")


def commit(repo):
    """Return the short name of the checkout's commit, or None."""
    return (_git(repo, "rev-parse", "--short", "HEAD") or "").strip() or None


def _git(repo, *arguments):
    """The output of a git command that only reads, or None when it fails or there is no git."""
    command = ["git", "-C", str(repo), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=True)
        return done.stdout.decode("utf-8")
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
