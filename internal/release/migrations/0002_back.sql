-- Where a promoted rollout was taken back to, as JSON; empty for all others.
alter table release_rollout add column back text not null default '';
