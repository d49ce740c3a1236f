-- What a component's team answers anew with an upgrade.
alter table platform_upgrade_component add column asked text not null default '{}';
