-- A run of a job: a program of a component that ends by itself.
create table runtime_job_run (
	id text primary key,
	component text not null,
	team text not null,
	environment text not null,
	job text not null,
	artifact text not null,
	number text not null,
	by_name text not null,
	due bigint not null,
	started bigint not null,
	finished bigint not null,
	state text not null,
	exit_code bigint not null,
	reason text not null
);
create index runtime_job_run_of on runtime_job_run (component, environment, job, id);
create index runtime_job_run_state on runtime_job_run (state);
-- Up to when a job's schedule was looked at.
create table runtime_job_at (
	component text not null,
	job text not null,
	last bigint not null,
	primary key (component, job)
);
