-- Systems that a gateway serves; null: all. Secrets, keys and credentials of others never go there.
alter table gateways add column serves text[] check (cardinality(serves) between 1 and 1000);
