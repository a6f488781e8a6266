"""Certificates of a test's own, good and bad, made by the openssl command."""

import os
import shutil
import subprocess
import tempfile

_CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n"


class Authority:
    """ca.pem is what is to be trusted; leaf() makes what is signed by it.
    All in a folder that close() removes."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="hls-t-ca-")
        self._serial = 0
        self.file = self._self_signed("ca", "/CN=A test's authority", _CA)
        self._sign("middle", "/CN=Between", _CA, "ca", ["-days", "2"])

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *args, early=False):
        subprocess.run((["faketime", "-f", "+30d"] if early else []) +
                       ["openssl"] + list(args), check=True,
                       cwd=self.folder, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def _key(self, name, bits=None):
        kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:%d" % bits] if bits \
            else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self._openssl("genpkey", "-out", name + ".key", "-algorithm", *kind)

    def _self_signed(self, name, subject, extensions):
        self._key(name)
        with open(self.path(name + ".cnf"), "w", encoding="ascii") as f:
            f.write("[req]\ndistinguished_name=dn\nx509_extensions=ext\n"
                    "[dn]\n[ext]\n" + extensions)
        self._openssl("req", "-x509", "-new", "-key", name + ".key", "-out",
                      name + ".pem", "-subj", subject, "-days", "2",
                      "-config", name + ".cnf")
        return self.path(name + ".pem")

    def _sign(self, name, subject, extensions, by, when, bits=None,
              digest="sha256", early=False):
        self._key(name, bits)
        with open(self.path(name + ".ext"), "w", encoding="ascii") as f:
            f.write(extensions)
        self._openssl("req", "-new", "-key", name + ".key", "-subj", subject,
                      "-out", name + ".csr")
        self._serial += 1
        self._openssl("x509", "-req", "-in", name + ".csr", "-CA",
                      by + ".pem", "-CAkey", by + ".key", "-set_serial",
                      str(self._serial), "-extfile", name + ".ext", "-out",
                      name + ".pem", "-" + digest, *when, early=early)

    def leaf(self, name, host, by="ca", days=2, **more):
        """The chain's and the key's files; days may be negative, early is
        in a month."""
        self._sign(name, "/CN=" + host, "subjectAltName=DNS:%s\n" % host,
                   by, ["-days", str(days)], **more)
        return self.path(name + ".pem"), self.path(name + ".key")

    def self_signed(self, name, host):
        pem = self._self_signed(name, "/CN=" + host,
                                "subjectAltName=DNS:%s\n" % host)
        return pem, self.path(name + ".key")

    def chain(self, name, *parts):
        """Several certificates in one file."""
        with open(self.path(name), "wb") as out:
            for part in parts:
                with open(self.path(part), "rb") as f:
                    out.write(f.read())
        return self.path(name)
