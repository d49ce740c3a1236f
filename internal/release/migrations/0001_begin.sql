create table release_rollout (
	id text primary key,
	component text not null,
	team text not null,
	artifact text not null,
	number text not null,
	run text not null,
	origin text not null,
	lane text not null,
	first bigint not null,
	base_artifact text not null,
	base_number text not null,
	base_workload text not null,
	workload text not null,
	plan text not null,
	plan_hash text not null,
	split_key text not null,
	experiments text not null,
	phase text not null,
	stage bigint not null,
	held text not null,
	waiting text not null,
	reason text not null,
	verdict text not null,
	inputs text not null,
	by_hand text not null,
	requests bigint not null,
	failed_requests bigint not null,
	created bigint not null,
	started bigint not null,
	staged bigint not null,
	widened bigint not null,
	deciding bigint not null,
	decided bigint not null,
	moved bigint not null,
	finished bigint not null,
	version bigint not null
);
create index release_rollout_component on release_rollout (component, id);
create index release_rollout_phase on release_rollout (phase, id);
create index release_rollout_artifact on release_rollout (artifact);
create unique index release_rollout_active on release_rollout (component)
	where phase in ('staging', 'starting', 'running', 'promoting', 'rolling_back');
create table release_unit (
	rollout text not null,
	metric text not null,
	unit text not null,
	primary key (rollout, metric, unit)
);
create table release_count (
	rollout text not null,
	metric text not null,
	stage bigint not null,
	arm text not null,
	units bigint not null,
	primary key (rollout, metric, stage, arm)
);
create table release_trace (
	rollout text not null,
	at bigint not null,
	stage bigint not null,
	share double precision not null,
	log_e double precision not null,
	log_e_promote double precision not null,
	canary bigint not null,
	baseline bigint not null,
	primary key (rollout, at)
);
create table release_bad (
	artifact text primary key,
	component text not null,
	number text not null,
	rollout text not null,
	reason text not null,
	at bigint not null
);
create table release_live (
	component text not null,
	environment text not null,
	artifact text not null,
	number text not null,
	workload text not null,
	commit_id text not null,
	since bigint not null,
	primary key (component, environment)
);
