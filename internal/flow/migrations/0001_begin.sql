create table flow_team (
	team text primary key,
	last_number bigint not null,
	building bigint not null,
	verifying bigint not null,
	releasing bigint not null,
	version bigint not null
);
create table flow_item (
	id text primary key,
	team text not null,
	number bigint not null,
	type text not null,
	title text not null,
	description text not null,
	feature text not null,
	assignee text not null,
	state text not null,
	rank bigint not null,
	blocked text not null,
	blocked_since bigint not null,
	created bigint not null,
	since bigint not null,
	started bigint not null,
	done bigint not null,
	moves bigint not null,
	version bigint not null
);
create unique index flow_item_number on flow_item (team, number);
create index flow_item_column on flow_item (team, state, rank, number);
create index flow_item_done on flow_item (team, state, done, started);
create index flow_item_created on flow_item (created, id);
create index flow_item_team_created on flow_item (team, created, id);
create index flow_item_feature on flow_item (feature, created, id);
create table flow_transition (
	item text not null,
	seq bigint not null,
	team text not null,
	from_state text not null,
	to_state text not null,
	at bigint not null,
	because text not null,
	subject text not null,
	actor text not null,
	by_fact bigint not null,
	primary key (item, seq)
);
create index flow_transition_team on flow_transition (team, to_state, at);
create table flow_change (
	item text not null,
	component text not null,
	commit_id text not null,
	pushed bigint not null,
	stage text not null,
	primary key (item, component, commit_id)
);
create index flow_change_component on flow_change (component, stage, pushed);
