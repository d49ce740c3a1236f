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
	most := int64(someLog)
	if v := r.URL.Query().Get("bytes"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 || n > mostLog {
			return errs.New(errs.Invalid, "bytes must be a number from 1 to %d", mostLog)
		}
		most = n
	}
	text, err := a.Runtime.Log(r.Context(), who, ref.Workload(r.PathValue("id")), most)
	if err != nil {
		return err
	}
	plainly(w)
	_, _ = io.WriteString(w, text) // the client is gone if this fails
	return nil
}

func workload(s runtime.Status) client.Workload {
	return client.Workload{
		ID: string(s.ID), Component: string(s.Component), Team: string(s.Team), Environment: string(s.Environment), Release: s.Number, Artifact: string(s.Artifact),
		State: string(s.State), Reason: s.Reason, Restarts: s.Restarts, Share: s.Share, InFlight: s.InFlight, CPU: s.CPU.Seconds(), Memory: s.Memory, Peak: s.Peak,
		Variables: s.Variables, Created: s.Created,
	}
}
