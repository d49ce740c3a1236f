package output

import (
	"path/filepath"
	"sync"
)

// Mirror has the logs of steps that print on other machines.
type Mirror struct {
	logs *Logs

	mu   sync.Mutex // guards open
	open map[string]*Log
}

// Mirror returns a mirror with no logs in it.
func (l *Logs) Mirror() *Mirror { return &Mirror{logs: l, open: map[string]*Log{}} }

// Open returns the log of a file, which goes on with what is there.
func (m *Mirror) Open(path string) (*Log, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if log := m.open[path]; log != nil {
		return log, nil
	}
	log, err := m.logs.Begin(path, true)
	if err == nil {
		m.open[path] = log
	}
	return log, err
}

// End closes a log, if it is open.
func (m *Mirror) End(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if log := m.open[path]; log != nil {
		log.End()
		delete(m.open, path)
	}
}

// EndIn closes the logs of the files in a folder.
func (m *Mirror) EndIn(dir string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for path, log := range m.open {
		if filepath.Dir(path) == dir {
			log.End()
			delete(m.open, path)
		}
	}
}
