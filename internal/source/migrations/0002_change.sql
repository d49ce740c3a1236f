create table source_change (
	id text primary key,
	component text not null,
	number bigint not null,
	team text not null,
	branch text not null,
	title text not null,
	body text not null,
	state text not null,
	head text not null,
	items text not null,
	comments bigint not null,
	author text not null,
	author_name text not null,
	opened bigint not null,
	updated bigint not null,
	queued bigint not null,
	queued_head text not null,
	queued_by text not null,
	queued_name text not null,
	queued_email text not null,
	candidate text not null,
	candidate_base text not null,
	returned text not null,
	merged bigint not null,
	merged_by text not null,
	merged_base text not null,
	merged_commit text not null,
	closed bigint not null,
	closed_by text not null,
	version bigint not null
);
create unique index source_change_number on source_change (component, number);
create unique index source_change_branch on source_change (component, branch) where state in ('open', 'queued');
create index source_change_opened on source_change (opened, id);
create index source_change_component on source_change (component, opened, id);
create index source_change_team on source_change (team, opened, id);
create index source_change_living on source_change (opened, id) where state in ('open', 'queued');
create table source_comment (
	id text primary key,
	change_id text not null,
	author text not null,
	author_name text not null,
	body text not null,
	path text not null,
	line bigint not null,
	side text not null,
	sha text not null,
	reply_to text not null,
	resolved bigint not null,
	resolver text not null,
	at bigint not null
);
create index source_comment_change on source_comment (change_id, id);
create table source_review (
	id text primary key,
	change_id text not null,
	account text not null,
	account_name text not null,
	verdict text not null,
	sha text not null,
	body text not null,
	own bigint not null,
	at bigint not null
);
create index source_review_change on source_review (change_id, id);
create table source_check (
	run text primary key,
	component text not null,
	branch text not null,
	sha text not null,
	state text not null,
	step text not null,
	reason text not null,
	at bigint not null
);
create index source_check_commit on source_check (sha, component);
create table source_pusher (
	component text not null,
	branch text not null,
	account text not null,
	primary key (component, branch, account)
);
