package client

// Manual is the documentation's contents.
type Manual struct {
	Sections []ManualSection `json:"sections" nullable:"false"`
}

// ManualSection is a part of the contents.
type ManualSection struct {
	Title string        `json:"title"`
	Pages []ManualEntry `json:"pages" nullable:"false"`
}

// ManualEntry is a page as the contents name it.
type ManualEntry struct {
	Path  string `json:"path" example:"how-to/begin"`
	Title string `json:"title"`
	Text  string `json:"text,omitempty" doc:"What it is for"`
}

// ManualPage is a page of the documentation.
type ManualPage struct {
	Path     string          `json:"path" example:"how-to/begin"`
	Title    string          `json:"title"`
	HTML     string          `json:"html" doc:"What follows the title. It holds no scripts"`
	Headings []ManualHeading `json:"headings" nullable:"false"`
	Previous *ManualEntry    `json:"previous,omitempty" doc:"In the order of the contents"`
	Next     *ManualEntry    `json:"next,omitempty" doc:"In the order of the contents"`
}

// ManualHeading is a place within a page.
type ManualHeading struct {
	ID    string `json:"id" doc:"What follows # in its address"`
	Title string `json:"title"`
	Level int    `json:"level" doc:"2: a section of the page; 3: a part of that"`
}

// ManualFind is what was found in the documentation, best first.
type ManualFind struct {
	Items []ManualFound `json:"items" nullable:"false"`
}

// ManualFound is a place in which all words stand.
type ManualFound struct {
	Path    string `json:"path"`
	Title   string `json:"title" doc:"Of the page"`
	ID      string `json:"id,omitempty" doc:"What follows # in its address"`
	Heading string `json:"heading,omitempty"`
	Text    string `json:"text" doc:"The words and what stands around them"`
}
