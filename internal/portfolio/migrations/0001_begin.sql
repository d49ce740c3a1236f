create table portfolio_vision (
	id text primary key,
	current bigint not null unique check (current = 1),
	text text not null,
	set_by text not null,
	set_at bigint not null,
	version bigint not null
);
create table portfolio_objective (
	id text primary key,
	title text not null,
	description text not null,
	owner text not null,
	created bigint not null,
	version bigint not null
);
create table portfolio_key_result (
	id text primary key,
	objective text not null,
	title text not null,
	unit text not null,
	query text not null,
	baseline double precision not null,
	target double precision not null,
	outcome text not null,
	value double precision,
	measured bigint not null,
	told double precision,
	problem text not null,
	created bigint not null,
	version bigint not null
);
create index portfolio_key_result_objective on portfolio_key_result (objective, id);
create table portfolio_measurement (
	key_result text not null,
	slot bigint not null,
	at bigint not null,
	value double precision not null,
	primary key (key_result, slot)
);
create table portfolio_initiative (
	id text primary key,
	objective text not null,
	fields text not null,
	state text not null,
	since bigint not null,
	approved bigint not null,
	evaluated bigint not null,
	scored_by text not null,
	scored_at bigint not null,
	before_value double precision,
	before_at bigint not null,
	proposed_by text not null,
	created bigint not null,
	version bigint not null
);
create table portfolio_decision (
	id text primary key,
	initiative text not null,
	verdict text not null,
	reason text not null,
	decided_by text not null,
	at bigint not null,
	from_state text not null,
	to_state text not null,
	evidence text not null,
	hash text not null
);
create index portfolio_decision_initiative on portfolio_decision (initiative, id);
create table portfolio_feature (
	id text primary key,
	initiative text not null,
	title text not null,
	state text not null,
	items bigint not null,
	worked bigint not null,
	active bigint not null,
	begun bigint not null
);
create index portfolio_feature_initiative on portfolio_feature (initiative, id);
create table portfolio_work (
	item text primary key,
	feature text not null,
	worked bigint not null,
	since bigint not null
);
create index portfolio_work_feature on portfolio_work (feature);
create table portfolio_effect (
	rollout text not null,
	feature text not null,
	key_result text not null,
	component text not null,
	event text not null,
	estimate double precision not null,
	low double precision not null,
	high double precision not null,
	level double precision not null,
	units bigint not null,
	grade text not null,
	at bigint not null,
	primary key (rollout, feature, key_result)
);
create index portfolio_effect_feature on portfolio_effect (feature);
create table portfolio_rollout (
	id text primary key,
	outcome text not null
);
create table portfolio_total (
	initiative text not null,
	key_result text not null,
	grade text not null,
	rollouts bigint not null,
	estimate double precision not null,
	low double precision not null,
	high double precision not null,
	miss double precision not null,
	units bigint not null,
	primary key (initiative, key_result, grade)
);
