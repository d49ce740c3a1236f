create table pipeline_cached (
	component text not null,
	branch text not null,
	cache_key text not null,
	run text not null,
	number bigint not null,
	step text not null,
	digest text not null,
	bytes bigint not null,
	used bigint not null,
	primary key (component, branch, cache_key)
);
create index pipeline_cached_used on pipeline_cached (component, used);
alter table pipeline_step add column cache_key text not null default '';
alter table pipeline_step add column cached_run text not null default '';
alter table pipeline_step add column cached_number bigint not null default 0;
alter table pipeline_step add column cached_step text not null default '';
