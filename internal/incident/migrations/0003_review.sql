create table incident_review (
	incident text primary key,
	state text not null,
	version bigint not null,
	happened text not null,
	impact text not null,
	changed text not null,
	well text not null,
	learn text not null,
	numbers text not null,
	changed_at bigint not null,
	changed_by text not null,
	published_at bigint not null,
	published_by text not null
);
create table incident_action (
	incident text not null,
	item text not null,
	title text not null,
	at bigint not null,
	actor text not null,
	primary key (incident, item)
);
create index incident_action_item on incident_action (item);
