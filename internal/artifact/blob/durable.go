package blob

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/google/uuid"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Write makes name below root hold data, wholly or not at all, also over a
// power cut: a temporary file is written, synced and renamed over name.
func Write(root *os.Root, name string, data []byte) error {
	return write(root, name, data, root.Rename)
}

// Create is Write for a name that must not exist yet; when it does, the error
// is fs.ErrExist and the old content stays. Two processes that create the same
// name see exactly one success.
func Create(root *os.Root, name string, data []byte) error {
	return write(root, name, data, func(from, to string) error {
		if err := root.Link(from, to); err != nil {
			return err
		}
		return root.Remove(from)
	})
}

func write(root *os.Root, name string, data []byte, place func(from, to string) error) error {
	if err := mkdir(root, path.Dir(name)); err != nil {
		return Disk(err)
	}
	temp := "uploads/" + temporary + uuid.NewString()
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Disk(err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = place(temp, name)
	}
	if err != nil {
		root.Remove(temp)
		return Disk(err)
	}
	return Disk(syncDir(root, path.Dir(name)))
}

// mkdir makes dir and its parents, each entry synced into its parent, so that
// a file renamed into dir cannot vanish with the folder.
func mkdir(root *os.Root, dir string) error {
	if dir == "." {
		return nil
	}
	if _, err := root.Stat(dir); err == nil {
		return nil
	}
	if err := mkdir(root, path.Dir(dir)); err != nil {
		return err
	}
	if err := root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(root, path.Dir(dir))
}

func syncDir(root *os.Root, dir string) error {
	f, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Disk classifies what the file system says. A full disk is not a defect of
// ours and passes when someone makes room.
func Disk(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errs.Because(errs.Unavailable, err, "the disk that holds the artifacts is full").
			Do("free space in the data directory or delete old artifacts, then try again")
	}
	return err
}
