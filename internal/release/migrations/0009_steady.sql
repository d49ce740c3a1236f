-- Since when a worker has run, whose rollout is judged by that.
alter table release_rollout add column steady bigint not null default 0;
