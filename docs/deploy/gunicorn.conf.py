"""gunicorn -c gunicorn.conf.py example.wsgi: the figures of all workers, summed.

PROMETHEUS_MULTIPROC_DIR has to be set in the environment, to a directory that is emptied before
each start: https://prometheus.github.io/client_python/multiprocess/
"""

from prometheus_client import multiprocess

bind = "127.0.0.1:8000"
workers = 2
# A view is a process's own: it begins anew in each worker, so the site may be loaded before.
preload_app = True


def child_exit(server, worker):
    """Forget the gauges of a worker that is gone; its counters stay."""
    multiprocess.mark_process_dead(worker.pid)
