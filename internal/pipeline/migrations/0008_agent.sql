alter table pipeline_run add column agent text not null default '';
alter table pipeline_run add column lost text not null default '';
create index pipeline_run_holder on pipeline_run (holder) where state = 'running';
