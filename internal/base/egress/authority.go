package egress

import (
	"os"
	"path/filepath"

	"github.com/digital-factory/factory/internal/base/sandbox"
)

// authorities is where programs look for the certificates of authorities first.
const authorities = "/etc/ssl/certs/ca-certificates.crt"

// Authorities is this machine's bundle of them, as an image without any needs it to
// speak TLS; false when this machine has none.
func Authorities() (sandbox.Bind, bool) {
	for _, name := range []string{os.Getenv("SSL_CERT_FILE"), authorities, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"} {
		at, err := filepath.EvalSymlinks(name)
		if err != nil {
			continue
		}
		if at, err = filepath.Abs(at); err != nil {
			continue
		}
		if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
			return sandbox.Bind{Source: at, Target: authorities}, true
		}
	}
	return sandbox.Bind{}, false
}
