"""The leases that runs hold while they wait for another one."""

from contextlib import contextmanager

from portinfra.execution.run import Run


class Waits:
    """Runs in this process, and the leases that one held without renewals while it took another one."""

    def __init__(self, monkeypatch):
        self.held, self.renewed, self.forgotten = [], [], []
        enter, leave, keep = Run.__enter__, Run.__exit__, Run.keep_lease

        def take(run):
            self.forgotten += [
                f"{each._scope} for {run._scope}" for each in self.held if each not in self.renewed
            ]
            self.held.append(enter(run))
            return run

        def release(run, *error):
            self.held.remove(run)
            return leave(run, *error)

        @contextmanager
        def renew(run):
            self.renewed.append(run)
            with keep(run):
                yield
            self.renewed.remove(run)

        for name, function in (("__enter__", take), ("__exit__", release), ("keep_lease", renew)):
            monkeypatch.setattr(Run, name, function)
