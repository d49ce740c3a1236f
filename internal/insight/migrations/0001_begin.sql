create table insight_component (
	component text primary key,
	team text not null,
	created bigint not null
);
create table insight_commit (
	component text not null,
	commit_id text not null,
	team text not null,
	title text not null,
	seq bigint not null,
	committed bigint not null,
	counted bigint not null,
	deployed bigint not null,
	rollout text not null,
	primary key (component, commit_id)
);
create index insight_commit_waiting on insight_commit (component, deployed, seq);
create index insight_commit_deployed on insight_commit (deployed, component);
create index insight_commit_team on insight_commit (team, deployed);
create table insight_deployment (
	rollout text primary key,
	component text not null,
	team text not null,
	artifact text not null,
	version text not null,
	lane text not null,
	started bigint not null,
	finished bigint not null,
	counted bigint not null,
	promoted bigint not null,
	failed bigint not null,
	failed_why text not null,
	hurt bigint not null,
	recovered bigint not null,
	rework_why text not null
);
create index insight_deployment_finished on insight_deployment (finished, component);
create index insight_deployment_team on insight_deployment (team, finished);
create index insight_deployment_component on insight_deployment (component, finished);
create index insight_deployment_artifact on insight_deployment (artifact, finished);
create table insight_incident (
	incident text primary key,
	rollout text not null
);
create table insight_thing (
	subject text primary key,
	station text not null,
	state text not null,
	title text not null,
	team text not null,
	component text not null,
	parent text not null,
	seq bigint not null,
	since bigint not null,
	began bigint not null,
	finished bigint not null,
	verdict text not null
);
create index insight_thing_work on insight_thing (station, state, began, subject);
create index insight_thing_finished on insight_thing (station, finished);
create index insight_thing_component on insight_thing (component, station, state, seq);
create index insight_thing_parent on insight_thing (parent, station);
create table insight_need (
	subject text not null,
	what text not null,
	station text not null,
	roles text not null,
	urgent bigint not null,
	team text not null,
	since bigint not null,
	why text not null,
	next text not null,
	primary key (subject, what)
);
create index insight_need_since on insight_need (urgent, since);
create index insight_need_station on insight_need (station, since);
create table insight_passed (
	ribbon text not null,
	hour bigint not null,
	count bigint not null,
	primary key (ribbon, hour)
);
create table insight_outcome (
	key_result text primary key,
	objective text not null,
	title text not null,
	unit text not null,
	baseline double precision not null,
	target double precision not null,
	created bigint not null
);
create table insight_point (
	key_result text not null,
	at bigint not null,
	value double precision not null,
	score double precision not null,
	primary key (key_result, at)
);
create table insight_recent (
	seq bigint primary key,
	at bigint not null,
	kind text not null,
	subject text not null,
	title text not null,
	text text not null,
	team text not null,
	actor text not null
);
create index insight_recent_at on insight_recent (at, seq);
