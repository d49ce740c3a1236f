package variable

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Keyring seals secrets with AES-256-GCM. Its keys are in a file of their own,
// which no backup of the database contains. Several processes may share the file.
type Keyring struct {
	path string

	mu   sync.Mutex // guards keys and makes changes of the file one after another
	keys keys
}

// keys is the file: the newest last. The database says which of them seals.
type keys struct {
	Keys []key `json:"keys"`
}

type key struct {
	ID     string `json:"id"`
	Secret []byte `json:"secret"`
}

// OpenKeyring reads the keys; the first call makes one. A file that others may
// read is refused.
func OpenKeyring(path string) (*Keyring, error) {
	k := &Keyring{path: path}
	err := k.load()
	if errors.Is(err, fs.ErrNotExist) {
		k.keys = keys{Keys: []key{fresh()}}
		if err := k.store(k.keys, os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		err = k.load() // ours, or that of a process that was faster
	}
	return k, err
}

func fresh() key {
	k := key{ID: rand.Text()[:8], Secret: make([]byte, 32)}
	_, _ = rand.Read(k.Secret) // never fails
	return k
}

func (k *Keyring) load() error {
	info, err := os.Stat(k.path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return errs.New(errs.Blocked, "the keys of the secrets in %s have mode %04o: other accounts of this machine could have read them", k.path, info.Mode().Perm()).
			Do("chmod 600 it, start the factory, and rotate the key: factory variable rotate-key")
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return err
	}
	var in keys
	err = json.Unmarshal(text, &in)
	for _, one := range in.Keys {
		if len(one.Secret) != 32 {
			err = errors.Join(err, errors.New("a key has not 32 bytes"))
		}
	}
	if err != nil || len(in.Keys) == 0 {
		return errs.Because(errs.Blocked, err, "the keys of the secrets in %s cannot be read", k.path).Do("restore the file from the backup")
	}
	k.keys = in
	return nil
}

// store makes the file hold the keys, wholly or not at all; place is os.Rename,
// or os.Link where there must be none yet.
func (k *Keyring) store(all keys, place func(from, to string) error) error {
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	dir := filepath.Dir(k.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".keys-*") // readable by its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when it was renamed
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), k.path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// seal encrypts a text with a key. It can be opened only with the same context.
func (k *Keyring) seal(context, id, text string) (sealed string, err error) {
	with, err := k.find(id)
	if err != nil {
		return "", err
	}
	box, err := with.box()
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(box.Seal(nil, nil, []byte(text), []byte(context))), nil
}

// open decrypts what seal gave.
func (k *Keyring) open(context, id, sealed string) (string, error) {
	with, err := k.find(id)
	if err != nil {
		return "", err
	}
	box, err := with.box()
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", err
	}
	text, err := box.Open(nil, nil, raw, []byte(context))
	if err != nil {
		return "", errs.Because(errs.Internal, err, "a secret cannot be opened with the key %s: it, or its place in the database, was changed", id).
			Do("set the secret again")
	}
	return string(text), nil
}

// find returns a key; one that another process made is read from the file.
func (k *Keyring) find(id string) (key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for again := range 2 {
		for _, one := range k.keys.Keys {
			if one.ID == id {
				return one, nil
			}
		}
		if again == 0 {
			if err := k.load(); err != nil {
				return key{}, err
			}
		}
	}
	return key{}, errs.New(errs.Blocked, "the key %s, with which secrets are sealed, is not in %s", id, k.path).
		Do("restore the file from the backup, or set the secrets again")
}

// add makes a new key and returns its id. Whoever adds and forgets keys holds the
// row of platform_variable_key, which puts processes one after another.
func (k *Keyring) add() (id string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return "", err
	}
	one := fresh()
	all := keys{Keys: append(k.keys.Keys, one)}
	if err := k.store(all, os.Rename); err != nil {
		return "", err
	}
	k.keys = all
	return one.ID, nil
}

// newest is the id of the key that seals while no database has said which.
func (k *Keyring) newest() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys.Keys[len(k.keys.Keys)-1].ID
}

// several reports whether there are keys to forget.
func (k *Keyring) several() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.keys.Keys) > 1
}

// keep forgets all keys but one. When the file does not have that one it forgets
// none.
func (k *Keyring) keep(id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return err
	}
	i := slices.IndexFunc(k.keys.Keys, func(one key) bool { return one.ID == id })
	if i < 0 || len(k.keys.Keys) == 1 {
		return nil
	}
	kept := keys{Keys: []key{k.keys.Keys[i]}}
	if err := k.store(kept, os.Rename); err != nil {
		return err
	}
	k.keys = kept
	return nil
}

func (k key) box() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
