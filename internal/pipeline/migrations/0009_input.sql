alter table pipeline_run add column inputs text not null default '{}';
