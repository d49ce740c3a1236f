create table pipeline_run (
	id text primary key,
	component text not null,
	team text not null,
	number bigint not null,
	change text not null,
	branch text not null,
	state text not null,
	step text not null,
	reason text not null,
	artifact text not null,
	digest text not null,
	queued bigint not null,
	started bigint not null,
	finished bigint not null,
	cancelled_by text not null,
	holder text not null,
	held_until bigint not null,
	unique (component, number)
);
create index pipeline_run_state on pipeline_run (state, id);
create unique index pipeline_run_busy on pipeline_run (component) where state = 'running';
create index pipeline_run_component on pipeline_run (component, id);
create table pipeline_step (
	run text not null,
	place bigint not null,
	name text not null,
	spec text not null,
	state text not null,
	reason text not null,
	exit_code bigint not null,
	attempts bigint not null,
	started bigint not null,
	finished bigint not null,
	cpu_micros bigint not null,
	peak_bytes bigint not null,
	primary key (run, place),
	unique (run, name)
);
