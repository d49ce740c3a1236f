-- A version of a path is tried (testing), and then refused or offered; an offered
-- one may be withdrawn. sha is the commit of the path's repository, empty for a
-- path that comes with the program; tried is the commit that was rendered for
-- the trial. content is the whole version, so that what was made from it can be
-- rendered for ever; it is empty for those that were told before it was kept.
alter table platform_path add column state text not null default 'offered';
alter table platform_path add column sha text not null default '';
alter table platform_path add column tried text not null default '';
alter table platform_path add column run text not null default '';
alter table platform_path add column step text not null default '';
alter table platform_path add column reason text not null default '';
alter table platform_path add column by_name text not null default '';
alter table platform_path add column changed bigint not null default 0;
alter table platform_path add column content text not null default '';
create table platform_path_repository (
	path text primary key,
	repository text not null unique,
	title text not null,
	origin text not null,
	by_name text not null,
	created bigint not null
);
-- answers are to the path's own inputs: name, team and description are columns.
-- path_commit is the rendering that the trunk has; empty for its first commit.
alter table platform_component add column answers text not null default '{}';
alter table platform_component add column path_commit text not null default '';
create index platform_component_path on platform_component (path, path_version, name);
create table platform_upgrade (
	id text primary key,
	path text not null,
	version text not null,
	state text not null,
	reason text not null,
	cohorts text not null,
	cohort bigint not null,
	accepted bigint not null,
	failures bigint not null,
	whole smallint not null,
	by_name text not null,
	started bigint not null,
	finished bigint not null
);
create index platform_upgrade_path on platform_upgrade (path, started);
-- How far an upgrade is with a component. change_id is its change; head what the
-- platform put on its branch, and before what it had put there before that.
create table platform_upgrade_component (
	upgrade text not null,
	component text not null,
	team text not null,
	cohort bigint not null,
	from_version text not null,
	state text not null,
	reason text not null,
	green smallint not null,
	attempts bigint not null,
	trunk text not null,
	render text not null,
	head text not null,
	before text not null,
	change_id text not null,
	answers text not null,
	conflicts text not null,
	changed bigint not null,
	primary key (upgrade, component)
);
create index platform_upgrade_component_change on platform_upgrade_component (change_id);
create index platform_upgrade_component_name on platform_upgrade_component (component, upgrade);
