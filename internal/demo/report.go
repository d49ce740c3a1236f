package demo

// report is what the story measured; sizes in MB are 10^6 bytes.
type report struct {
	Seconds            float64         `json:"seconds"`
	Steps              []stepReport    `json:"steps"`
	TeamToProduction   float64         `json:"team_to_production_seconds"`
	PushToProduction   float64         `json:"push_to_production_seconds"`
	Rollouts           []rolloutReport `json:"rollouts"`
	Thread             threadReport    `json:"thread"`
	Dora               doraReport      `json:"dora"`
	Journal            journalReport   `json:"journal"`
	Ready              float64         `json:"ready_seconds"`
	RSS                float64         `json:"rss_mb"`
	Binary             float64         `json:"binary_mb"`
	KillSeconds        float64         `json:"kill_seconds"`       // from the kill of a feature to the last customer who met it
	Restarts           int             `json:"restarts,omitempty"` // how often chaos killed the factory
	KilledAtFactsKinds []string        `json:"killed_at,omitempty"`
}

type stepReport struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

type rolloutReport struct {
	Component       string  `json:"component"`
	Version         string  `json:"version"`
	Lane            string  `json:"lane"`
	Verdict         string  `json:"verdict"`
	Requests        int64   `json:"requests"`
	FailedRequests  int64   `json:"failed_requests"`
	Units           int64   `json:"units"`
	LogE            float64 `json:"log_e"`
	Alpha           float64 `json:"alpha"`
	ReplayIdentical bool    `json:"replay_identical"`
	VerdictDelay    float64 `json:"verdict_delay_seconds"`
	TrafficDelay    float64 `json:"traffic_delay_seconds"`
}

type threadReport struct {
	Vision     string       `json:"vision"`
	Objective  string       `json:"objective"`
	KeyResult  string       `json:"key_result"`
	Initiative string       `json:"initiative"`
	Feature    string       `json:"feature"`
	Item       string       `json:"item"`
	Commit     string       `json:"commit"`
	Run        string       `json:"run"`
	Artifact   string       `json:"artifact"`
	Rollout    string       `json:"rollout"`
	Effect     effectReport `json:"effect"`
}

type effectReport struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Grade    string  `json:"grade"`
}

// doraReport gives plain figures of what was observed, also where the insight
// page says "too few" instead of a number.
type doraReport struct {
	Frequency   *float64 `json:"deployment_frequency_per_day"`
	LeadTime    *float64 `json:"change_lead_time_seconds"`
	FailRate    *float64 `json:"change_fail_rate"`
	Recovery    *float64 `json:"failed_deployment_recovery_seconds"`
	Rework      *float64 `json:"deployment_rework_rate"`
	Deployments int      `json:"deployments"`
}

type journalReport struct {
	Facts    int64 `json:"facts"`
	Verified bool  `json:"verified"`
}
