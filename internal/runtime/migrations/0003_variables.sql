-- The revision of the variables that a workload was deployed with.
alter table runtime_workload add column variables bigint not null default 0;
