alter table pipeline_run add column checks bigint not null default 0;
drop index pipeline_run_busy;
create unique index pipeline_run_busy on pipeline_run (component, branch) where state = 'running';
create index pipeline_run_branch on pipeline_run (component, branch, id);
