alter table telemetry_objective add column event text not null default '';
alter table telemetry_objective add column once bigint not null default 0;
