package cli

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func (s *session) componentExport() *cobra.Command {
	return &cobra.Command{
		Use: "export NAME [DIRECTORY]", Short: "Take a component along: what builds and runs it without the factory", Args: cobra.RangeArgs(1, 2),
		Long: `Write a component's repository with all history, the steps that build it, a Dockerfile, a Compose file
and Kubernetes manifests into a new directory (default: the component's name). Nothing of it needs
the factory. The values of secret variables are not in it. See docs/how-to/leave.md.`,
		Example: "  factory component export engine-controller\n  factory component export engine-controller ../engine-controller-alone",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			if len(args) == 2 {
				dir = args[1]
			}
			if err := os.Mkdir(dir, 0o755); errors.Is(err, os.ErrExist) {
				return fmt.Errorf("%s exists already; name a directory that does not: factory component export %s DIRECTORY", dir, args[0])
			} else if err != nil {
				return err
			}
			n, err := s.unpackExport(cmd, args[0], dir)
			if err != nil {
				return errors.Join(err, os.RemoveAll(dir))
			}
			return s.print(map[string]any{"directory": dir, "files": n}, func(t *table) {
				t.row(fmt.Sprintf("%d files in %s; begin with its README.md", n, dir))
			})
		},
	}
}

// unpackExport writes the archive's files below dir, without the directory that
// all of them are in.
func (s *session) unpackExport(cmd *cobra.Command, component, dir string) (files int, err error) {
	body, err := s.client().ExportComponent(cmd.Context(), component)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	root, err := os.OpenRoot(dir) // nothing is written outside of it, whatever the archive says
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	z, err := gzip.NewReader(body)
	if err != nil {
		return 0, err
	}
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		} else if err != nil {
			return files, fmt.Errorf("the archive broke off: %w", err)
		}
		_, name, _ := strings.Cut(path.Clean(h.Name), "/")
		if name == "" {
			continue
		}
		if err := unpackFile(root, filepath.FromSlash(name), h, in); err != nil {
			return files, err
		}
		if h.Typeflag != tar.TypeDir {
			files++
		}
	}
}

func unpackFile(root *os.Root, name string, h *tar.Header, content io.Reader) error {
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, name)
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, os.FileMode(h.Mode)&0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Close())
	}
	return fmt.Errorf("%s is neither a file nor a directory", h.Name)
}
