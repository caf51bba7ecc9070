"""A host that signs by EST, and requests to it by openssl and curl on other hosts of a fabric."""

import subprocess

from signing_hosts import PYTHON

from portinfra.testing.fabric import wait_until


class EstBed:
    """A host that signs, and hosts that enrol."""

    def __init__(self, fabric, signing):
        self.fabric, self.signing, self.folder = fabric, signing, signing.folder
        self.address = fabric.hosts["config1"].private_address

    def start(self):
        (self.fabric.folder / "config1/log").unlink(missing_ok=True)
        command = (
            PYTHON,
            str(self.signing.program),
            "--state",
            str(self.signing.state),
            "serve",
        )
        server = self.fabric.start("config1", *command)
        wait_until(lambda: server.poll() is not None or "signs certificates" in self.log())
        assert server.poll() is None, self.log()
        self.server = server

    def log(self):
        return (self.fabric.folder / "config1/log").read_text()

    def request(self, host, token="", *, others="", key=None):
        """Return a request in base64, as openssl makes it."""
        key = key or self.key(host)
        settings = self.folder / f"{host}.cnf"
        lines = ["[req]", "prompt=no", "distinguished_name=d", "[d]", f"CN={host.rpartition('/')[2]}"]
        if token:
            lines[1:1] = ["attributes=a"]
            lines += ["[a]", f"challengePassword={token}"]
        if others:
            lines[1:1] = ["req_extensions=e"]
            lines += ["[e]", f"subjectAltName=DNS:{others}"]
        settings.write_text("\n".join(lines))
        command = ["openssl", "req", "-new", "-key", key, "-config", settings, "-outform", "DER"]
        der = subprocess.run(command, check=True, capture_output=True).stdout
        packed = subprocess.run(["openssl", "base64"], input=der, check=True, capture_output=True)
        return packed.stdout.decode()

    def key(self, host):
        path = self.folder / f"{host}.key"
        if not path.exists():
            curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            subprocess.run(["openssl", "genpkey", *curve, "-out", path], check=True)
        return path

    def ask(self, path, body="", *, at="app1", ca="", options=()):
        """Return the status and the body of an answer to curl on a host."""
        given = ["--data-binary", "@-", "-H", "Content-Type: application/pkcs10"] if body else []
        command = [
            *("curl", "-sS", "--path-as-is", "--max-time", "10", "-w", "\n%{http_code}"),
            *("--cacert", ca or str(self.signing.state / "ca.pem")),
            *("--resolve", f"config1:8140:{self.address}", *given, *options, f"https://config1:8140{path}"),
        ]
        text, _, status = self.fabric.run(at, *command, text=body).rpartition("\n")
        return int(status), text

    def enrol(self, host, token, *, path="simpleenroll", **how):
        return self.ask(f"/.well-known/est/{path}", self.request(host, token, **how))

    def save(self, host, answer):
        """Write the certificate of an answer into a file, and return the file."""
        file = self.folder / f"{host}.pem"
        unpack = f"tr -d '\\r\\n' | openssl base64 -d -A | openssl pkcs7 -inform DER -print_certs -out {file}"
        subprocess.run(["sh", "-c", unpack], input=answer, text=True, check=True)
        return file
