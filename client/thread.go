package client

import (
	"context"
	"net/http"
	"time"
)

// Thread is everything joined to one object: up to the vision, down to the
// effect.
type Thread struct {
	Here   ThreadNode    `json:"here"`
	Stages []ThreadStage `json:"stages" nullable:"false" doc:"vision, objective, key-result, initiative, feature, item, commit, run, artifact, rollout, effect, in this order"`
	Beside []ThreadNode  `json:"beside" nullable:"false" doc:"Incidents, component, team and product next to the path"`
	Edges  []ThreadEdge  `json:"edges" nullable:"false" doc:"All joints between the nodes shown"`
	Whole  bool          `json:"whole" doc:"No stage is missing"`
}

// ThreadStage is one stage of the path.
type ThreadStage struct {
	Kind  string       `json:"kind" enum:"vision,objective,key-result,initiative,feature,item,commit,run,artifact,rollout,effect" example:"item"`
	Nodes []ThreadNode `json:"nodes" nullable:"false" doc:"Newest last; at most 50"`
	More  int          `json:"more,omitempty" doc:"How many more there are"`
	Here  bool         `json:"here,omitempty" doc:"The object asked for stands here"`
	Gap   *ThreadGap   `json:"gap,omitempty" doc:"Present when nothing is joined at this stage"`
}

// ThreadGap is a stage with nothing in it.
type ThreadGap struct {
	Why   string `json:"why" example:"no commit names ENG-1 yet"`
	Close string `json:"close" doc:"What would close it" example:"push a commit with the trailer \"Item: ENG-1\""`
}

// ThreadNode is an object on the thread.
type ThreadNode struct {
	Subject string    `json:"subject" doc:"As kind/identifier" example:"item/ENG-1"`
	Kind    string    `json:"kind" example:"item"`
	ID      string    `json:"id" example:"ENG-1"`
	Title   string    `json:"title" example:"Raise thrust for missions over 10 kg"`
	State   string    `json:"state,omitempty" doc:"In the words of its own page" example:"done"`
	Text    string    `json:"text,omitempty" doc:"A figure or reason that belongs to it" example:"+4.1 points [2.0, 6.3], grade A"`
	Team    string    `json:"team,omitempty" example:"engine"`
	At      time.Time `json:"at" doc:"When it last changed"`
}

// ThreadEdge joins two objects; from is nearer to the vision.
type ThreadEdge struct {
	From     string `json:"from" example:"item/ENG-1"`
	To       string `json:"to" example:"commit/4f1c2ab09d"`
	Relation string `json:"relation" example:"implemented by"`
}

// Thread returns the thread through an object; a commit may be abbreviated to
// seven characters.
func (c *Client) Thread(ctx context.Context, kind, id string) (Thread, error) {
	return call[Thread](ctx, c, http.MethodGet, path("thread", kind, id), nil, nil)
}

// Search finds objects by identifier and words of their title, best first.
func (c *Client) Search(ctx context.Context, text string, limit int) (Page[ThreadNode], error) {
	q := Paging{Limit: limit}.query()
	narrow(q, "q", text)
	return call[Page[ThreadNode]](ctx, c, http.MethodGet, path("search"), q, nil)
}
