-- The keys that took over from another. One that is not finished: some of the
-- evidence is still signed by the former, whose public part stands here.
create table artifact_key (
	id text primary key,
	former text not null,
	by_id text not null,
	by_name text not null,
	begun bigint not null,
	finished bigint not null default 0
);
create index artifact_key_finished on artifact_key (finished);
