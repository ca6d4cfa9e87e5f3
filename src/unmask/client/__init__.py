"""Talks to a running `unmask serve`.

    >>> from unmask.client import Client
    >>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
    ...     job = client.wait(client.submit("clip.mp4").id)
    ...     print(job.verdict, client.report(job.id).reasons)

`documents` holds what both ends say to each other.
"""

from unmask.client.connection import Client, JobFailed, ServerProblem

__all__ = ["Client", "JobFailed", "ServerProblem"]
