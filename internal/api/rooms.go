package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/cost"
	"github.com/digital-factory/factory/internal/dossier"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/flag"
	"github.com/digital-factory/factory/internal/flow"
	"github.com/digital-factory/factory/internal/incident"
	"github.com/digital-factory/factory/internal/insight"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/manual"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/export"
	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/platform/upgrade"
	"github.com/digital-factory/factory/internal/platform/variable"
	"github.com/digital-factory/factory/internal/portfolio"
	"github.com/digital-factory/factory/internal/product"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/preview"
	"github.com/digital-factory/factory/internal/runtime"
	"github.com/digital-factory/factory/internal/runtime/job"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/change"
	"github.com/digital-factory/factory/internal/team"
	"github.com/digital-factory/factory/internal/telemetry"
	"github.com/digital-factory/factory/internal/thread"
	"github.com/digital-factory/factory/internal/unit"
)

// Services are the modules behind the door.
type Services struct {
	Access    *access.Service
	Journal   *journal.Journal
	Effects   *effect.Log
	Release   *release.Service
	Portfolio *portfolio.Service
	Product   *product.Service
	Platform  *platform.Service
	Upgrade   *upgrade.Service
	Source    *source.Service
	Change    *change.Service
	Pipeline  *pipeline.Service
	Agent     *agent.Service
	Artifact  *artifact.Service
	Runtime   *runtime.Service
	Telemetry *telemetry.Service
	Team      *team.Service
	Flow      *flow.Service
	Incident  *incident.Service
	Flag      *flag.Service
	Insight   *insight.Service
	Thread    *thread.Service
	Dossier   *dossier.Service
	Unit      *unit.Service
	Variable  *variable.Service
	Scale     *scale.Service
	Resource  *resource.Service
	Export    *export.Service
	Preview   *preview.Service
	Cost      *cost.Service
	Job       *job.Service
	Manual    *manual.Manual
	Health    func(context.Context) (client.Health, error)
}

// rooms registers the routes of every room.
func (a *API) rooms() {
	a.accounts()
	a.facts()
	a.effects()
	a.health()
	a.releases()
	a.assemblies()
	a.freezes()
	a.units()
	a.costs()
	a.jobs()
	a.manual()
	a.variables()
	a.scales()
	a.resources()
	a.portfolio()
	a.products()
	a.platform()
	a.source()
	a.trees()
	a.changes()
	a.runs()
	a.agents()
	a.artifacts()
	a.workloads()
	a.signals()
	a.teams()
	a.work()
	a.incidents()
	a.flags()
	a.insight()
	a.thread()
}
