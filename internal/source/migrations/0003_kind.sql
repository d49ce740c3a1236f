-- What a repository is for: '' of a component, 'path' of a golden path.
alter table source_repository add column kind text not null default '';
