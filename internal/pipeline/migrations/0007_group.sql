alter table pipeline_run add column grp text not null default '';
create unique index pipeline_run_group on pipeline_run (component, grp) where state = 'running' and grp <> '';
