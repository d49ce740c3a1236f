-- Sums of a mean's numbers and of their squares; 0 for what only counts units.
alter table release_count add column total double precision not null default 0;
alter table release_count add column squares double precision not null default 0;
-- Names say which counts are those of the plan's metrics, and which of one thing.
update release_count set metric = 'metric:' || metric where metric = 'server-errors';
update release_unit set metric = 'metric:' || metric where metric = 'server-errors';
update release_count set metric = replace(replace(metric, '-yes', '#yes'), '-no', '#no') where metric like 'outcome-%';
