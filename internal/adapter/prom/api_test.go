package prom_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/digital-factory/factory/internal/adapter/prom"
)

func TestAPI(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{MaxSamples: 1000})
	for i := range 3 {
		at := noon.Add(time.Duration(i-2) * time.Minute)
		appendAll(t, s, sample("up", at, float64(i), "job", "shop"), sample("up", at, 1.5, "job", "bank"), sample("down", at, 1, "job", "bank"))
	}
	md, ms := metrics(nil)
	gauge(ms, "battery.level", noon, 0.5, nil)
	ms.At(0).SetDescription("how full")
	ms.At(0).SetUnit("By")
	ingest(t, s, md, nil)
	rules := func(context.Context) ([]prom.RuleGroup, error) {
		return []prom.RuleGroup{{Name: "shop", Interval: 15 * time.Second, Rules: []prom.Rule{
			{
				Name: "ShopDown", Query: "up == 0", For: time.Minute, Labels: map[string]string{"severity": "page"}, Evaluated: noon, Took: 2 * time.Millisecond,
				Alerts: []prom.Alert{{Labels: map[string]string{"alertname": "ShopDown"}, Firing: true, Since: noon, Value: 1}},
			},
			{Name: "Broken", Query: "x", Evaluated: noon, Err: errors.New("no x")},
			{Name: "Untried", Query: "y"},
		}}}, nil
	}
	srv := httptest.NewServer(s.Handler(rules))
	t.Cleanup(srv.Close)

	const t12, t1158 = "1795348800", "1795348680"
	for _, c := range []struct {
		name, method, path, form string
		status                   int
		want                     string
	}{
		{
			"instant", "GET", `/api/v1/query?query=sort(up)&time=` + t12, "", 200,
			`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"bank"},"value":[1795348800,"1.5"]},{"metric":{"__name__":"up","job":"shop"},"value":[1795348800,"2"]}]}}`,
		},
		{
			"instant at our now", "POST", `/api/v1/query`, "query=up{job='shop'}", 200,
			`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"shop"},"value":[1795348800,"2"]}]}}`,
		},
		{"scalar", "GET", `/api/v1/query?query=1%2B1&time=` + t12, "", 200, `{"status":"success","data":{"resultType":"scalar","result":[1795348800,"2"]}}`},
		{"text", "GET", `/api/v1/query?query="a"&time=` + t12, "", 200, `{"status":"success","data":{"resultType":"string","result":[1795348800,"a"]}}`},
		{"nothing", "GET", `/api/v1/query?query=absent_metric&time=2026-11-22T12:00:00Z`, "", 200, `{"status":"success","data":{"resultType":"vector","result":[]}}`},
		{
			"cut", "GET", `/api/v1/query?query=sort(up)&limit=1`, "", 200,
			`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"bank"},"value":[1795348800,"1.5"]}]},"warnings":["results truncated due to limit"]}`,
		},
		{
			"range", "GET", `/api/v1/query_range?query=up{job="shop"}&start=` + t1158 + `&end=` + t12 + `&step=60`, "", 200,
			`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"shop"},"values":[[1795348680,"0"],[1795348740,"1"],[1795348800,"2"]]}]}}`,
		},
		{
			"range by form", "POST", `/api/v1/query_range`, "query=absent_metric&start=" + t1158 + "&end=" + t12 + "&step=1m", 200,
			`{"status":"success","data":{"resultType":"matrix","result":[]}}`,
		},
		{"labels", "GET", `/api/v1/labels`, "", 200, `{"status":"success","data":["__name__","job"]}`},
		{"labels of some", "POST", `/api/v1/labels`, "match[]=battery_level_bytes", 200, `{"status":"success","data":["__name__"]}`},
		{"label values", "GET", `/api/v1/label/job/values`, "", 200, `{"status":"success","data":["bank","shop"]}`},
		{"label values of some", "GET", `/api/v1/label/job/values?match[]=down&match[]=nothing`, "", 200, `{"status":"success","data":["bank"]}`},
		{"label values cut", "GET", `/api/v1/label/job/values?limit=1`, "", 200, `{"status":"success","data":["bank"],"warnings":["results truncated due to limit"]}`},
		{"values of no label", "GET", `/api/v1/label/nothing/values`, "", 200, `{"status":"success","data":[]}`},
		{
			"series of two selectors", "GET", `/api/v1/series?match[]=up{job="bank"}&match[]={job="bank"}`, "", 200,
			`{"status":"success","data":[{"__name__":"down","job":"bank"},{"__name__":"up","job":"bank"}]}`,
		},
		{
			"series by form", "POST", `/api/v1/series`, "match[]=up&match[]=down&limit=1", 200,
			`{"status":"success","data":[{"__name__":"down","job":"bank"}],"warnings":["results truncated due to limit"]}`,
		},
		{"series of another time", "GET", `/api/v1/series?match[]=up&end=1000`, "", 200, `{"status":"success","data":[]}`},
		{
			"metadata", "GET", `/api/v1/metadata`, "", 200,
			`{"status":"success","data":{"battery_level_bytes":[{"type":"gauge","help":"how full","unit":"bytes"}]}}`,
		},
		{"metadata of one", "GET", `/api/v1/metadata?metric=nothing`, "", 200, `{"status":"success","data":{}}`},
		{
			"alerts", "GET", `/api/v1/alerts`, "", 200,
			`{"status":"success","data":{"alerts":[{"labels":{"alertname":"ShopDown"},"annotations":{},"state":"firing","activeAt":"2026-11-22T12:00:00Z","value":"1e+00"}]}}`,
		},
		{
			"rules", "GET", `/api/v1/rules?rule_name[]=ShopDown`, "", 200,
			`{"status":"success","data":{"groups":[{"name":"shop","file":"","rules":[{"state":"firing","name":"ShopDown","query":"up == 0","duration":60,"keepFiringFor":0,"labels":{"severity":"page"},"annotations":{},"alerts":[{"labels":{"alertname":"ShopDown"},"annotations":{},"state":"firing","activeAt":"2026-11-22T12:00:00Z","value":"1e+00"}],"health":"ok","evaluationTime":0.002,"lastEvaluation":"2026-11-22T12:00:00Z","type":"alerting"}],"interval":15,"limit":0,"evaluationTime":0.002,"lastEvaluation":"2026-11-22T12:00:00Z"}]}}`,
		},
		{"recording rules", "GET", `/api/v1/rules?type=record`, "", 200, `{"status":"success","data":{"groups":[]}}`},

		{
			"parse error", "GET", `/api/v1/query?query=sum(up`, "", 400,
			`{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:7: parse error: unclosed left parenthesis"}`,
		},
		{"no query", "POST", `/api/v1/query`, "", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": unknown position: parse error: no expression found in input"}`},
		{"bad time", "GET", `/api/v1/query?query=up&time=NaN`, "", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"time\": cannot parse \"NaN\" to a valid timestamp"}`},
		{"no start", "GET", `/api/v1/query_range?query=up&end=1&step=1`, "", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"}`},
		{"bad step", "GET", `/api/v1/query_range?query=up&start=1&end=2&step=1x`, "", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": cannot parse \"1x\" to a valid duration"}`},
		{"no step", "GET", `/api/v1/query_range?query=up&start=1&end=2&step=0`, "", 400, `{"status":"error","errorType":"bad_data","error":"zero or negative query resolution step widths are not accepted. Try a positive integer"}`},
		{
			"execution error", "GET", `/api/v1/query?query=up%2Bon(x)down`, "", 422,
			`{"status":"error","errorType":"execution","error":"multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"}`,
		},
		{"too many samples", "GET", `/api/v1/query?query=sum_over_time(vector(1)[1h:1s])`, "", 422, `{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory in query execution"}`},
		{"timeout", "GET", `/api/v1/query?query=up&timeout=1ns`, "", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"timeout\": cannot parse \"1ns\" to a valid duration"}`},
		{"no match", "GET", `/api/v1/series`, "", 400, `{"status":"error","errorType":"bad_data","error":"no match[] parameter provided"}`},
		{"match all", "GET", `/api/v1/series?match[]={a=~".*"}`, "", 400, `{"status":"error","errorType":"bad_data","error":"invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"}`},
		{"no such thing", "GET", `/api/v1/admin/tsdb/snapshot`, "", 404, `{"status":"error","errorType":"not_found","error":"GET /api/v1/admin/tsdb/snapshot is not served here"}`},
		{"wrong method", "DELETE", `/api/v1/series`, "", 404, `{"status":"error","errorType":"not_found","error":"DELETE /api/v1/series is not served here"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, got := call(t, srv, c.method, c.path, c.form)
			if status != c.status || strings.TrimSpace(got) != c.want {
				t.Fatalf("status %d, want %d (-want +got):\n%s", status, c.status, cmp.Diff(c.want, strings.TrimSpace(got)))
			}
		})
	}
	t.Run("build info", func(t *testing.T) {
		_, got := call(t, srv, "GET", "/api/v1/status/buildinfo", "")
		var body struct{ Data map[string]string }
		if err := json.Unmarshal([]byte(got), &body); err != nil {
			t.Fatal(err)
		}
		// The version is known to a built program, not to a test of one.
		if _, ok := body.Data["version"]; !ok || body.Data["goVersion"] == "" {
			t.Fatalf("got %s", got)
		}
	})
	t.Run("timed out", func(t *testing.T) {
		status, got := call(t, srv, "POST", "/api/v1/query", "query=up&timeout=0")
		if status != 503 || !strings.Contains(got, `"errorType":"timeout"`) {
			t.Fatalf("%d %s", status, got)
		}
	})
	t.Run("rules fail", func(t *testing.T) {
		broken := httptest.NewServer(s.Handler(func(context.Context) ([]prom.RuleGroup, error) { return nil, errors.New("secret") }))
		defer broken.Close()
		for _, path := range []string{"/api/v1/rules", "/api/v1/alerts"} {
			status, got := call(t, broken, "GET", path, "")
			if status != 500 || strings.Contains(got, "secret") || !strings.Contains(got, `"errorType":"internal"`) {
				t.Fatalf("%d %s", status, got)
			}
		}
	})
	t.Run("endless form", func(t *testing.T) {
		if status, got := call(t, srv, "POST", "/api/v1/query", "query="+strings.Repeat("1", 2<<20)); status != 400 {
			t.Fatalf("%d %s", status, got)
		}
	})
}

// A native histogram survives being copied out of the engine's memory.
func TestAPINativeHistogram(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{})
	md, ms := metrics(nil)
	m := ms.AppendEmpty()
	m.SetName("size")
	h := m.SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(noon))
	p.SetCount(4)
	p.SetSum(12)
	p.Positive().BucketCounts().FromRaw([]uint64{1, 3})
	ingest(t, s, md, nil)
	srv := httptest.NewServer(s.Handler(nil))
	t.Cleanup(srv.Close)
	const want = `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"size"},"histograms":[[1795348800,{"count":"4","sum":"12","buckets":[[0,"1","2","1"],[0,"2","4","3"]]}]]}]}}`
	_, got := call(t, srv, "GET", "/api/v1/query_range?query=size&start=1795348800&end=1795348800&step=1", "")
	if diff := cmp.Diff(want, strings.TrimSpace(got)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

func call(t *testing.T, srv *httptest.Server, method, path, form string) (int, string) {
	t.Helper()
	path, query, _ := strings.Cut(path, "?")
	u := srv.URL + path
	if query != "" {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		u += "?" + values.Encode()
	}
	var body io.Reader
	if method == "POST" {
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReader(values.Encode())
	}
	req, err := http.NewRequestWithContext(t.Context(), method, u, body)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
