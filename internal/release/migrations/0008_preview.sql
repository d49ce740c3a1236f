-- A change and its preview, if it has one.
create table release_preview (
	change_id text primary key,
	component text not null,
	number bigint not null,
	team text not null,
	branch text not null,
	living bigint not null,
	head text not null,
	pushed bigint not null,
	want text not null,
	trying text not null,
	slot bigint not null,
	leaving text not null,
	run text not null,
	sha text not null,
	sequence bigint not null,
	since bigint not null,
	failed_sha text not null,
	reason text not null,
	log text not null,
	note text not null
);
create index release_preview_branch on release_preview (component, branch);
create index release_preview_slot on release_preview (slot) where slot > 0;
-- What a green check built, kept to be run.
create table release_preview_build (
	run text primary key,
	component text not null,
	branch text not null,
	sha text not null,
	kept bigint not null,
	reason text not null,
	at bigint not null
);
create index release_preview_build_branch on release_preview_build (component, branch, at);
