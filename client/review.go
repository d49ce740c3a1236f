package client

import (
	"context"
	"net/http"
	"time"
)

// Review is what people learn from an incident: about the work, never about who
// did it. The factory drafts what facts know and asks for the rest.
type Review struct {
	Incident    string         `json:"incident"`
	State       string         `json:"state" enum:"draft,published"`
	Version     int64          `json:"version" doc:"0 while nobody has written: the text is then drafted from the timeline whenever it is read"`
	Text        ReviewText     `json:"text"`
	Prompts     ReviewText     `json:"prompts" doc:"Questions to people, by section"`
	Numbers     ReviewNumbers  `json:"numbers"`
	Actions     []ReviewAction `json:"actions" nullable:"false" doc:"Action items, on the owning team's board; oldest first"`
	Changed     *time.Time     `json:"changed,omitempty"`
	ChangedBy   string         `json:"changedBy,omitempty"`
	Published   *time.Time     `json:"published,omitempty"`
	PublishedBy string         `json:"publishedBy,omitempty"`
}

// ReviewText are the sections of a review.
type ReviewText struct {
	Happened string `json:"happened" maxLength:"20000" doc:"What happened, when"`
	Impact   string `json:"impact" maxLength:"20000" doc:"On whom, how much"`
	Changed  string `json:"changed" maxLength:"20000" doc:"What changed before it began, and what ended it"`
	Well     string `json:"well" maxLength:"20000" doc:"What went well"`
	Learn    string `json:"learn" maxLength:"20000" doc:"What to learn; must be answered before it is published"`
}

// ReviewNumbers are the impact of an incident.
type ReviewNumbers struct {
	LastedSeconds    float64  `json:"lastedSeconds" doc:"From the beginning of the impact to its end, or to now" example:"420"`
	DetectedSeconds  float64  `json:"detectedSeconds" doc:"From the beginning until it was noticed" example:"120"`
	RecoveredSeconds *float64 `json:"recoveredSeconds,omitempty" doc:"From when it was noticed until it was over; absent while it is open" example:"300"`
	Event            string   `json:"event,omitempty" doc:"Outcome event that requests are counted of; absent: requests" example:"jobs"`
	Requests         *float64 `json:"requests,omitempty" doc:"Or events, while it lasted; absent when not known" example:"4200"`
	RequestsFailed   *float64 `json:"requestsFailed,omitempty" example:"420"`
	Units            *int64   `json:"units,omitempty" doc:"That the version that was taken back served; absent when not known" example:"120"`
	UnitsFailed      *int64   `json:"unitsFailed,omitempty" example:"3"`
	Final            bool     `json:"final" doc:"The incident is over"`
}

// ReviewAction is an action item of an incident: an item on the owning team's
// board.
type ReviewAction struct {
	Item     string    `json:"item" example:"ENG-9"`
	Title    string    `json:"title" example:"Probe the sensor before traffic"`
	State    string    `json:"state" enum:"ready,building,verifying,releasing,done" doc:"Where it stands now"`
	Assignee string    `json:"assignee,omitempty"`
	Blocked  string    `json:"blocked,omitempty" doc:"Why it cannot go on"`
	At       time.Time `json:"at" doc:"When it was added"`
	Actor    string    `json:"actor" doc:"Who added it"`
}

// SaveReview keeps what people wrote.
type SaveReview struct {
	Version int64      `json:"version" minimum:"0" doc:"That the edit is based on; a stale one is refused with what is there now"`
	Text    ReviewText `json:"text"`
}

// PublishReview says that what was learned stands.
type PublishReview struct {
	Version int64 `json:"version" minimum:"0" doc:"That was read"`
}

// AddAction puts an action item on the owning team's board.
type AddAction struct {
	Title       string `json:"title" minLength:"1" maxLength:"200" example:"Probe the sensor before traffic"`
	Description string `json:"description,omitempty" maxLength:"19000"`
}

// Review returns an incident's review.
func (c *Client) Review(ctx context.Context, id string) (Review, error) {
	return call[Review](ctx, c, http.MethodGet, path("incidents", id, "review"), nil, nil)
}

// SaveReview keeps what people wrote in an incident's review.
func (c *Client) SaveReview(ctx context.Context, id string, in SaveReview) (Review, error) {
	return call[Review](ctx, c, http.MethodPut, path("incidents", id, "review"), nil, in)
}

// PublishReview publishes an incident's review.
func (c *Client) PublishReview(ctx context.Context, id string, in PublishReview) (Review, error) {
	return call[Review](ctx, c, http.MethodPost, path("incidents", id, "publish"), nil, in)
}

// AddAction puts an action item of an incident on the owning team's board.
func (c *Client) AddAction(ctx context.Context, id string, in AddAction) (Review, error) {
	return call[Review](ctx, c, http.MethodPost, path("incidents", id, "actions"), nil, in)
}
