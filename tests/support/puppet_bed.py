"""A real Puppet Server on a host of a fabric, and requests to it by its HTTPS API from other hosts.

Its start is the dear part. The server has the authority only, one JRuby, and the fast compiler of Java.
"""

import shutil
import socket
import ssl
from contextlib import closing, contextmanager
from http.client import HTTPSConnection

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from isolated_hosts import IsolatedHost

from portinfra.testing.fabric import wait_until

PROGRAMS = ("java", "puppet", "puppetserver")
API = "/puppet-ca/v1"

SERVICES = """\
puppetlabs.services.jruby.jruby-puppet-service/jruby-puppet-pooled-service
puppetlabs.services.jruby-pool-manager.jruby-pool-manager-service/jruby-pool-manager-service
puppetlabs.services.puppet-profiler.puppet-profiler-service/puppet-profiler-service
puppetlabs.trapperkeeper.services.webserver.jetty9-service/jetty9-service
puppetlabs.trapperkeeper.services.webrouting.webrouting-service/webrouting-service
puppetlabs.services.config.puppet-server-config-service/puppet-server-config-service
puppetlabs.trapperkeeper.services.authorization.authorization-service/authorization-service
puppetlabs.trapperkeeper.services.scheduler.scheduler-service/scheduler-service
puppetlabs.trapperkeeper.services.status.status-service/status-service
puppetlabs.trapperkeeper.services.metrics.metrics-service/metrics-service
puppetlabs.services.jruby.jruby-metrics-service/jruby-metrics-service
"""
"""All that the authority needs. Debian's list also has the service of catalogs."""

JAVA = (
    *("java", "-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
    *("-Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger", "-Dlogappender=STDOUT"),
    *("-Djruby.lib=/usr/share/jruby/lib", "-jar", "/usr/share/puppetserver/puppetserver.jar"),
    *("--config", "/etc/puppet/puppetserver/conf.d"),
    *("--bootstrap-config", "/etc/puppet/puppetserver/services.d"),
)

FOLDERS = (
    *("run/puppetserver", "var/log/puppetserver", "var/lib/puppetserver", "var/lib/puppet"),
    "var/lib/puppet/ssl",
)
"""The folders that the packages give to the user puppet."""


SETTINGS = "[main]\nkeylength = 2048\n"
"""A setting of the image, which stays. Longer keys take seconds to make."""


class PuppetHost(IsolatedHost):
    """A host with Debian's packages of Puppet."""

    def __init__(self, fabric, name, folder):
        super().__init__(fabric, name, folder)
        for each in FOLDERS:
            (folder / each).mkdir(parents=True)
            shutil.chown(folder / each, "puppet", "puppet")
        (folder / "etc/puppet/puppet.conf").write_text(SETTINGS)

    def enrol(self, script):
        """Run the program that systemd starts. Return its exit code and its output."""
        return self.attempt("sh", script)


class PuppetServer(PuppetHost):
    """The host that signs. Its settings are those of the package and of the bundle."""

    def start_server(self):
        settings = self.folder / "etc/puppet/puppetserver"
        (settings / "services.d/bootstrap.cfg").write_text(SERVICES)
        (settings / "conf.d/metrics.conf").write_text("metrics: { server-id: localhost }\n")
        puppet = settings / "conf.d/puppetserver.conf"
        puppet.write_text(
            puppet.read_text() + "jruby-puppet: { max-active-instances: 1, compile-mode: off }\n"
        )
        server = self.start("setpriv", "--reuid=puppet", "--regid=puppet", "--clear-groups", *JAVA)
        wait_until(lambda: server.poll() is not None or self._answers(), seconds=900)
        assert server.poll() is None, self.log()[-3000:]

    def _answers(self):
        done = self.attempt("curl", "-sk", "--max-time", "5", "https://127.0.0.1:8140/status/v1/simple")
        return "running" in done.stdout

    def log(self):
        return (self.folder / "log").read_text(errors="replace")


class PuppetApi:
    """The API of the authority, for a host of the fabric that trusts this authority."""

    def __init__(self, fabric, authority):
        self.fabric = fabric
        self.address = fabric.hosts["config1"].private_address
        self.context = ssl.create_default_context(cadata=authority)

    def enrol(self, made, name, *, at="web1"):
        """Send a request for this name. Return the status, and the certificate of its key; None: refused."""
        with self._connection(at) as connection:
            pem = made.public_bytes(Encoding.PEM)
            connection.request(
                "PUT", f"{API}/certificate_request/{name}", pem, {"Content-Type": "text/plain"}
            )
            answer = connection.getresponse()
            answer.read()
            connection.request("GET", f"{API}/certificate/{name}", headers={"Accept": "text/plain"})
            found = connection.getresponse()
            pem = found.read()
        certificate = x509.load_pem_x509_certificate(pem) if found.status == 200 else None
        return answer.status, certificate if certificate and _spki(certificate) == _spki(made) else None

    @contextmanager
    def _connection(self, at):
        with self.fabric.inside(at):
            plain = socket.create_connection((self.address, 8140), 120)
        with closing(HTTPSConnection("config1", 8140)) as connection:
            connection.sock = self.context.wrap_socket(plain, server_hostname="config1")
            yield connection


def _spki(each):
    return each.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
