alter table pipeline_run add column event text not null default '';
alter table pipeline_run add column started_by text not null default '';
alter table pipeline_run add column wanted text not null default '[]';
drop index pipeline_run_busy;
create unique index pipeline_run_busy on pipeline_run (component, branch, event) where state = 'running';
create table pipeline_schedule (
	component text not null,
	cron text not null,
	steps text not null,
	next bigint not null,
	primary key (component, cron, steps)
);
create index pipeline_schedule_next on pipeline_schedule (next);
