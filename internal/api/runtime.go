package api

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
)

func (a *API) workloads() {
	register(a, access.Read, op("GET /workloads", "runtime", "List what runs and how it does"),
		func(ctx context.Context, who access.Actor, in *struct {
			Component string `query:"component" doc:"Only this component's"`
		}) (*body[client.Page[client.Workload]], error) {
			list, err := a.Runtime.Workloads(ctx, who, ref.Component(in.Component))
			return answer(client.Page[client.Workload]{Items: mapped(list, workload)}, err)
		})
	register(a, access.Operate, op("POST /workloads/{id}/restart", "runtime", "Replace the processes of a workload, one after another; answered when all are"),
		func(ctx context.Context, who access.Actor, in *struct {
			ID ref.Workload `path:"id"`
		}) (*body[client.Restarted], error) {
			n, err := a.Runtime.Restart(ctx, who, in.ID)
			return answer(client.Restarted{Replicas: n}, err)
		})
	log := op("GET /workloads/{id}/log", "runtime", "Read the end of what a workload printed, whole lines with their times")
	log.Parameters = []*huma.Param{{Name: "bytes", In: "query", Description: "How much at the most; 64 KiB when absent", Schema: &huma.Schema{Type: "integer"}}}
	a.raw(access.Read, log, plain, a.workloadLog)
}

// How much of a workload's log is answered.
const (
	someLog = 64 << 10
	mostLog = 8 << 20
)

func (a *API) workloadLog(w http.ResponseWriter, r *http.Request, who access.Actor) error {
	most, err := logBytes(r)
	if err != nil {
		return err
	}
	text, err := a.Runtime.Log(r.Context(), who, ref.Workload(r.PathValue("id")), most)
	if err != nil {
		return err
	}
	plainly(w)
	_, _ = io.WriteString(w, text) // the client is gone if this fails
	return nil
}

// logBytes is how much of a log is asked for.
func logBytes(r *http.Request) (int64, error) {
	v := r.URL.Query().Get("bytes")
	if v == "" {
		return someLog, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 || n > mostLog {
		return 0, errs.New(errs.Invalid, "bytes must be a number from 1 to %d", mostLog)
	}
	return n, nil
}

func workload(s runtime.Status) client.Workload {
	return client.Workload{
		ID: string(s.ID), Component: string(s.Component), Team: string(s.Team), Environment: string(s.Environment), Release: s.Number, Artifact: string(s.Artifact),
		State: string(s.State), Reason: s.Reason, Restarts: s.Restarts, Share: s.Share, Worker: s.Worker, InFlight: s.InFlight, CPU: s.CPU.Seconds(), Memory: s.Memory, Peak: s.Peak,
		Variables: s.Variables, Created: s.Created, Rolling: s.Rolling, Replicas: mapped(s.Replicas, replica),
	}
}

func replica(r runtime.Replica) client.Replica {
	return client.Replica{Number: r.Number, State: string(r.State), Healthy: r.Healthy, Reason: r.Reason, Restarts: r.Restarts, InFlight: r.InFlight,
		CPU: r.CPU.Seconds(), Memory: r.Memory, Peak: r.Peak, Since: r.Since}
}
