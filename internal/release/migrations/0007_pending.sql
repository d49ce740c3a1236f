-- What has settled is looked for by its time, over all rollouts.
create index release_pending_slot on release_pending (slot);
