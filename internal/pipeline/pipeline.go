// Package pipeline turns a commit on the trunk into a verified artifact: it
// runs the steps of the repository's pipeline file in sandboxes, then the
// steps that the platform injects. A commit on another branch is checked by the
// same steps, without the platform's.
//
// Owns: pipeline_run, pipeline_step, pipeline_report, pipeline_test,
// pipeline_cached, pipeline_schedule, and the workspaces, logs and caches on disk.
//
// Tells: run.queued, run.started, run.finished; check.queued, check.finished.
//
// Asks: Source for the commit's files and where branches point, Publisher for
// image, SBOM and signature, Secrets for what steps on the trunk are given.
//
// Beside pushes, schedules and people start runs of a trunk's head, which publish
// nothing. A run goes on in the factory's own process, or is lent to an agent on
// another machine, which walks it by this same package and has it mirrored here.
//
// Invariants: a commit pushed to the trunk has exactly one queued run. A check
// publishes nothing and writes to no cache that the trunk reads; of one branch
// only the newest goes on, and none when the branch is gone. What is restored
// instead of made was made from the same definition, files and tools. A step
// sees only the workspace, the declared caches and the host's tools; never the
// factory's environment, and of the network the hosts that it lists. Secrets are given to the steps of trunks
// that declare them, and stand in no log, cache or key. After a crash of the factory a run goes
// on with the step that was interrupted.
package pipeline

import (
	"context"
	"embed"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/postgres"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline/cache"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/input"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/pipeline/room"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "pipeline", Files: files} }

// File is where a repository keeps its pipeline.
const File = definition.File

// Check reports what is wrong with a pipeline file.
func Check(data []byte) error { return definition.Check(data) }

// FileSchema is the JSON Schema of a pipeline file, for editors.
func FileSchema() []byte { return definition.Schema() }

// State of a run or a step.
type State string

// The states. Steps are Skipped when a step that they need did not succeed, or
// when their condition does not hold.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Cancelled State = "cancelled"
	Skipped   State = "skipped"
)

func (s State) ended() bool { return s != Waiting && s != Running }

// Run is one walk of a commit through the pipeline.
type Run struct {
	ID          ref.Run
	Number      int64 // counts the component's runs; the artifact's version
	Change      fact.Change
	Branch      string
	Check       bool         // nothing is published: of a branch that is not the trunk, or with an Event
	Event       string       // empty: a push; else Scheduled or Manual, of the trunk's head
	StartedBy   string       // name of who started it by hand, or the schedule
	Wanted      []string     // steps that are run, with what they need; none: all
	Inputs      input.Values // that it was started with; once it has begun, as its steps see them
	State       State
	Step        string // that failed
	Reason      string // why it did not succeed, in a sentence
	Artifact    ref.Artifact
	Digest      string // of the pipeline file, "sha256:<hex>"
	Tree        string // digest of the commit's files, "sha256:<hex>"
	Queued      time.Time
	Started     time.Time
	Finished    time.Time
	CancelledBy string
	Agent       string // name of the agent that it was lent to; empty: the factory itself
	Lost        string // why steps of it begin again on another machine, in a sentence
	Steps       []Step
}

// Step is one step of a run.
type Step struct {
	definition.Spec
	State    State
	Reason   string
	ExitCode int
	Attempts int // more than one when it was tried again, or the factory stopped meanwhile
	Started  time.Time
	Finished time.Time
	CPU      time.Duration
	Peak     int64  // bytes of memory
	Key      string // of a step with outputs: what decides what it makes, hex
	// The run and the step that made what was restored, where it was not run.
	CachedRun    ref.Run
	CachedNumber int64
	CachedStep   string
}

// Source has the commit's files.
type Source interface {
	Read(ctx context.Context, c ref.Component, commit ref.Commit, path string) ([]byte, error)
	Export(ctx context.Context, c ref.Component, commit ref.Commit, dir string) error
	// Head returns where a branch points; errs.NotFound when there is none.
	Head(ctx context.Context, c ref.Component, branch string) (ref.Commit, error)
}

// Build is what a run made, to be published.
type Build struct {
	Run       Run
	Workspace string // directory
	Binary    string // path in it; empty when there is a base
	Base      string // see definition.Artifact, as the next two
	Files     string
	Command   []string
	Service   []byte // of .factory/component.yaml; nil when there is none
	Score     []byte // of score.yaml; nil when there is none
	Started   time.Time
	Finished  time.Time
}

// Publisher makes the image, its SBOM and provenance, signs and stores them.
type Publisher interface {
	// Publish returns the digest of the image and a few lines for the log.
	// Publishing the same again gives the same digest.
	Publish(ctx context.Context, b Build) (a ref.Artifact, lines []string, err error)
}

// Tools are what the host offers to steps.
type Tools struct {
	Host      string                // names the system whose programs steps use, such as "debian 12 amd64"
	GoRoot    string                // of the Go toolchain; empty: none
	GoVersion string                // such as "go1.26.1"
	ModCache  string                // Go module cache, read-only to steps
	Cache     string                // directory of caches, kept between runs
	KeepLogs  time.Duration         // after a run's end; zero: for ever
	Postgres  postgres.Installation // programs of a database server; zero: none
	Reach     egress.Policy         // what steps may reach
	Runners   int                   // runs that go on at once in this process; zero: 2, negative: none
}

// Service runs pipelines.
type Service struct {
	db        *store.DB
	journal   *journal.Journal
	box       *sandbox.Sandbox
	source    Source
	publisher Publisher
	account   Account // nil: nobody keeps one
	keeper    Keeper  // nil: nobody keeps what checks build
	secrets   Secrets
	tools     Tools
	dir       string
	now       func() time.Time
	wake      chan struct{}
	logs      *output.Logs
	cache     *cache.Cache

	room   room.Room
	guest  bool   // this process is an agent's; see Guest
	lent   lent   // what this process knows of runs that agents have
	own    bool   // the files and the secrets are those of who runs them; see Try
	holder string // names this process where several share the queue

	mu      sync.Mutex // guards cancels
	cancels map[ref.Run]context.CancelCauseFunc
}

// New returns the service; dir is for workspaces and logs. It starts nothing.
func New(db *store.DB, j *journal.Journal, box *sandbox.Sandbox, src Source, p Publisher, x Secrets, tools Tools, dir string, now func() time.Time) *Service {
	logs := output.New()
	return &Service{db: db, journal: j, box: box, source: src, publisher: p, secrets: x, tools: tools, dir: dir, now: now,
		wake: make(chan struct{}, 1), holder: ref.New(), cancels: map[ref.Run]context.CancelCauseFunc{}, room: room.Default(),
		cache: cache.New(db, tools.Cache, now), logs: logs, lent: lent{logs: logs.Mirror()}}
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
	s.lent.ring()
}

// ofBranch reports whether a run is of a branch that is not the trunk, where
// anybody may write anything.
func (r *Run) ofBranch() bool { return r.Check && r.Event == "" }

// scope is whose caches a run writes: the trunk's, or its branch's own.
func (r *Run) scope() cache.Scope {
	s := cache.Scope{Component: r.Change.Component}
	if r.ofBranch() {
		s.Branch = r.Branch
	}
	return s
}

func (r Run) subject() ref.Subject { return ref.Of("run", r.ID) }
